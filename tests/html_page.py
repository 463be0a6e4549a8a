"""A reader of HTML that fails where a browser would only put up with a page."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """A page as a browser reads it; fails where an element is not closed in its turn, or one stands that may not."""

    ALONE = {"meta"}
    FORBIDDEN = {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg"}

    def __init__(self, html: str):
        super().__init__()
        self.html, self.open, self.words, self.links, self.ids = html, [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in self.FORBIDDEN
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "div":
            self.words.append(" ")
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag not in ("a", "b", "bdi", "code", "i", "span"):
            self.words.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())
