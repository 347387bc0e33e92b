"""Writes the laws of the package's database as Markdown files with a manifest."""
import os
import re
import sqlite3
import sys

source, target = sys.argv[1], sys.argv[2]
db = sqlite3.connect("file:" + source + "?mode=ro", uri=True)
db.row_factory = sqlite3.Row
columns = "path title issuer level region doc_no date_issued date_effective status articles".split()
rows = ["\t".join(columns)]
used = set()


def plain(value):
    return re.sub(r"\s+", " ", value or "").strip()


for law in db.execute("select * from laws order by law_name, version_date, law_id"):
    name, day = plain(law["law_name"]), plain(law["version_date"])
    path = re.sub(r"[/\\\x00]", "_", "laws/%s(%s).md" % (name, day))
    if path in used:
        path = path[:-3] + "-" + law["law_id"] + ".md"
    used.add(path)
    lines = ["# " + name, ""]
    chapter = section = None
    count = 0
    for a in db.execute("select * from articles where law_id = ? order by id", (law["law_id"],)):
        if a["chapter"] and a["chapter"] != chapter:
            chapter, section = a["chapter"], None
            lines += ["## " + plain(chapter), ""]
        if a["section"] and a["section"] != section:
            section = a["section"]
            lines += ["### " + plain(section), ""]
        text = (a["article_text"] or "").strip().replace("\n", "\n\n")
        lines += [plain(a["article_no"]) + " " + text, ""]
        count += 1
    os.makedirs(os.path.dirname(os.path.join(target, path)), exist_ok=True)
    with open(os.path.join(target, path), "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    level = "法律" if law["doc_type"] is None else law["doc_type"]
    rows.append("\t".join([path, name, plain(law["issuing_body"]), level, "", "", plain(law["publish_date"]),
                           plain(law["effective_date"]), plain(law["status"]), str(count)]))
with open(os.path.join(target, "manifest.tsv"), "w", encoding="utf-8") as out:
    out.write("\n".join(rows) + "\n")
print(len(rows) - 1)
