"""What the documentation site takes from other files of a checkout: `docs/conf.py` calls it.

* Cards of the shipped filter groups and the BibTeX entry are made, into `docs/generated`.
* Files that are no pages, such as `ARCHITECTURE.md`, are included by pages; links between files become links between
  pages.
"""

import html.parser
import inspect
import os
import pathlib
import re
import sys
import urllib.parse

from keras_scatter import saved_filters
from keras_scatter.files import write_atomically
from keras_scatter.filters import GroupBank
from keras_scatter.workflows import charts, reports

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Files outside of docs/ and the pages that include them, or stand for them.
PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CITATION.cff": "citing.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/experiments.md": "papers.md",
    "saved_filters/README.md": "filter_groups.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
PICTURES = {".png"}
FIELDS = ("title", "version", "date-released", "license")  # of a citation file
# Methods that Keras calls, not users; the reference leaves them out.
OF_KERAS = {"build", "call", "compute_output_shape", "compute_output_spec", "get_config", "from_config"}


def write(folder):
    """Cards and citation, where they are older than what they are made from."""
    (folder / "groups").mkdir(parents=True, exist_ok=True)
    for name in saved_filters.names():
        write_atomically(folder / "groups" / f"{name}.md", card(name).encode())
        picture = folder / "groups" / f"{name}.png"
        if not picture.exists() or picture.stat().st_mtime < (ROOT / "saved_filters" / "index.json").stat().st_mtime:
            charts.save(portrait(name), picture)
    write_atomically(folder / "citation.bib", bibtex((ROOT / "CITATION.cff").read_text()).encode())


def card(name):
    """The page of a filter group, in Markdown."""
    entry = saved_filters.describe(name)
    config = entry["config"]
    signals = config["design"] == "half_band"
    layer = "ComplexModulusConv1D" if signals else "ComplexModulusConv"
    shown = ("J", "Q", "order") if signals else ("J", "L", "order", "design")
    call = ", ".join(f"{key}={config[key]!r}" for key in shown if key in config)
    size = (ROOT / "saved_filters" / entry["file"]).stat().st_size
    trained = f"on {entry['data']}, {entry['epochs']} epochs" if entry["epochs"] else "not: it is designed"
    rows = [
        ["what", "value"],
        ["use", f"`{layer}({call}, weights={name!r})`"],
        *([f"`{key}`", f"`{value}`"] for key, value in config.items()),
        ["trained", trained],
        *([f"error by order on {data}", reports.by_order(found)] for data, found in entry["relative_error"].items()),
        *([key, str(entry[key])] for key in ("multiply_adds", "latency") if key in entry),
        ["file", f"`{entry['file']}`, {size:,} bytes"],
        ["sha256", f"`{entry['sha256']}`"],
        ["licence", "Apache 2.0, as the package"],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], ["---", "---"], *rows[1:]])
    if signals:
        below = "Spectra of the wavelets of order 1 that the filters make. Colours tell wavelets apart."
    else:
        below = (
            "What the filters do to an image: real and imaginary parts of the wavelets, and the Littlewood-Paley sum, "
            "how much of each frequency is kept."
        )
    return f"# {name}\n\n![Filters of {name}]({name}.png)\n\n*{below}*\n\n{table}\n"


def portrait(name):
    """The picture of a filter group."""
    config, arrays = saved_filters.load(name)
    if config["design"] == "half_band":
        return charts.signal_filter_group(config, arrays)
    return GroupBank(config, arrays, shape=(96, 96)).plot()


def bibtex(text):
    """The BibTeX entry of a citation file."""
    head = text.split("references:")[0]
    field = {key: re.search(rf'^{key}: *"?(.*?)"?$', head, re.MULTILINE)[1] for key in FIELDS}
    authors = re.findall(r"- name: (.*)", head)
    year, month, _ = field["date-released"].split("-")
    lines = {
        "author": " and ".join(f"{{{author}}}" for author in authors),
        "title": field["title"],
        "version": field["version"],
        "year": year,
        "month": str(int(month)),
        "note": f"Licence: {field['license']}",
    }
    return "@software{keras_scatter,\n" + "".join(f"  {key} = {{{value}}},\n" for key, value in lines.items()) + "}\n"


def linked(text, folder, page_folder=DOCS):
    """Markdown of a file in `folder`, with its links as those of a page in `page_folder`."""

    def link(match):
        mark, words, target, anchor = match.groups()
        path = pathlib.Path(os.path.normpath(folder / target))
        if target.startswith(("http:", "https:", "/")) or not path.exists():
            return match[0]
        inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        if inside in PAGES:
            path = DOCS / PAGES[inside]
        elif path == ROOT / "gallery" or path.parent == ROOT / "gallery":
            path = DOCS / "gallery" / ("index.rst" if path.is_dir() else f"{path.stem}.rst")
        elif not path.is_relative_to(DOCS) and path.suffix not in PICTURES:
            return words  # the site has no page of it
        return f"{mark}[{words}]({pathlib.PurePath(os.path.relpath(path, page_folder)).as_posix()}{anchor or ''})"

    return LINK.sub(link, text)


def link_source(app, page, text):
    """Sphinx's event of a page that was read."""
    path = pathlib.Path(app.env.doc2path(page))
    if path.suffix == ".md" and "generated" not in path.parts and "gallery" not in path.parts:
        text[0] = linked(text[0], path.parent, path.parent)


def link_included(app, path, page, text):
    """Sphinx's event of a file that a page includes."""
    text[0] = linked(text[0], (pathlib.Path(app.srcdir) / path).parent, DOCS)


def skip_member(app, kind, name, thing, skip, options):
    """Sphinx's event of a member of a class: what Keras brings has its pages there. None leaves it to Sphinx."""
    function = getattr(thing, "fget", thing)
    ours = (getattr(function, "__module__", None) or "").startswith("keras_scatter")
    return True if name in OF_KERAS or not ours else None


def sign(app, kind, name, thing, options, signature, returned):
    """Sphinx's event of a signature: Keras's metaclass hides that of a layer."""
    if kind == "class" and signature and signature.startswith("(*args"):
        parameters = list(inspect.signature(thing.__init__).parameters.values())[1:]
        return str(inspect.Signature(parameters)), returned
    return None


def check(folder):
    """Faults of a built site, as lines: links to what is not there, and pages that load something from elsewhere."""
    pages = {path: _Page(path) for path in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        here = path.relative_to(folder)
        found += [f"{here} loads {url}" for url in page.loaded if url.startswith(("http:", "https:", "//"))]
        for url in page.links + page.loaded:
            target, _, anchor = urllib.parse.unquote(url).partition("#")
            if re.match(r"[a-z]+:|//", target):
                continue
            other = pathlib.Path(os.path.normpath(path.parent / target.split("?")[0])) if target else path
            if not other.exists():
                found.append(f"{here} has a link to {url}, which is not there")
            elif anchor and other in pages and anchor not in pages[other].anchors:
                found.append(f"{here} has a link to {url}, which has no such place")
    return found


class _Page(html.parser.HTMLParser):
    """Links of a page, what it loads, and the places in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {"", "top"}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("img", "script", "source", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon", "preconnect"):
            self.loaded.append(given["href"])


if __name__ == "__main__":
    faults = check(pathlib.Path(sys.argv[1]))
    print("\n".join(faults))
    sys.exit(bool(faults))
