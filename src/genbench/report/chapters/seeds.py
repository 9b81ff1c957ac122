"""The chapter on several trainings of each model: how much they differ, and which order holds."""

from itertools import combinations

import numpy as np

from ...params import Params
from ...results.detail_metrics import PAIRS, SEEDS
from ...results.model import ModelResults
from ...results.run import DatasetResults
from ...results.trainings import compare, over_trainings, rank_shares, spread
from ...utils.record import Estimate, Number
from ..charts import heat_map
from ..findings.seeds import failed_seeds, seeds_findings, undecided
from ..gallery import Gallery
from ..model_charts import ranks
from ..tables import Row, Table, make_table
from ..vega import assign_colors


def seeds_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict | None:
    """Spread, pairs and ranks of the models of the first protocol; None with one training each."""
    failed = [line for result in results.models for line in failed_seeds(result)]
    ranked = results.by_protocol()[0] if results.models else []
    group = [result for result in ranked if result.replicates]
    if not (group or failed):
        return None
    several = len(group) > 1
    return {
        "findings": failed + (seeds_findings(ranked) if group else []),
        "spreads": make_table(SEEDS, list(map(_row, group)), first="model") if group else None,
        "charts": [_chances(group, gallery), _ranks(group, params, gallery)] if several else [],
        "pairs": _pairs(ranked) if several else None,
    }


def _row(result: ModelResults) -> Row:
    fids = result.values("fid")
    over = over_trainings(fids)
    assert over.another is not None
    values: dict[str, Estimate | Number | None] = {
        "n_trainings": over.n,
        "mean": over.mean,
        "deviation": over.deviation,
        "lowest": over.lowest,
        "highest": over.highest,
        "another": Estimate.of(over.mean.value, over.another),
    }
    halves = [each.quality.halves.get("fid", []) for each in result.trainings]
    if all(halves):
        values |= {f"of_{name}": value for name, value in spread(fids, halves)._asdict().items()}
    return Row(result.model, values)


def _chances(group: list[ModelResults], gallery: Gallery):
    """The chance of each model to be better than each other one in new trainings."""
    names = [result.model for result in group]
    chances = np.full((len(group), len(group)), np.nan)
    for (i, a), (j, b) in combinations(enumerate(group), 2):
        chances[i, j] = compare(a.values("fid"), b.values("fid")).probability.value
        chances[j, i] = 1 - chances[i, j]
    spec = heat_map(
        chances, names, names, "chance of a lower FID in a new training", "than", "model"
    )
    return gallery.chart(
        spec, "chances.svg", caption="Row against column, over pairs of trainings."
    )


def _ranks(group: list[ModelResults], params: Params, gallery: Gallery):
    """How often each model has each place."""
    colors = assign_colors(params.models)
    shares = rank_shares([result.values("fid") for result in group])
    rows = [
        {
            "name": result.model,
            "place": place + 1,
            "share": float(share),
            "color": colors[result.model],
        }
        for result, row in zip(group, shares, strict=True)
        for place, share in enumerate(row)
    ]
    caption = "How often each model has each place by FID, if one of its trainings is drawn."
    return gallery.chart(ranks(rows), "ranks.svg", caption=caption)


def _pairs(ranked: list[ModelResults]) -> Table:
    needed = {(a.model, b.model): n for a, b, n in undecided(ranked)}
    rows = []
    for a, b in combinations([result for result in ranked if result.replicates], 2):
        pair = a.model, b.model
        comparison = compare(a.values("fid"), b.values("fid"))
        values: dict[str, Estimate | Number | None] = {
            "difference": comparison.difference,
            "chance": comparison.probability,
            "p": comparison.p,
            "needed": needed.get(pair),
        }
        detail = "not told apart" if pair in needed else ""
        rows.append(Row(" and ".join(pair), values, detail=detail))
    return make_table(PAIRS, rows, first="models")
