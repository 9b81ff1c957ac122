"""A page of the report as a browser sees it."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser would see: links, ids and text; refuses tags that do not close."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.text, self.open = [], [], "", []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[k] for k in ("src", "href") if k in attrs]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag not in ("img", "meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data
