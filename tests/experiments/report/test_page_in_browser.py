"""The report page in a real browser: what a reader with a mouse, a keyboard, a phone or a screen reader meets.

Usage: test_page_in_browser.py HEROSWEEP_TEST_REPORT. Skips (77) without a Chromium. With HEROSWEEP_ARTIFACTS set to
a folder, the page and its screenshots stay there.
"""

import os
import sqlite3
import sys
import unittest

from artifacts import make_artifacts
from browser import Browser, find_browser

# The lowest contrast of any text with what lies behind it (WCAG 2 wants 4.5), with the text.
CONTRAST = """(() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const light = c => { const f = c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c[3] > .99) return c; } return [255, 255, 255, 1]; };
  let worst = [99, ""];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg .name, script, .picture svg") || !e.getClientRects().length) continue;
    const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!text || e.tagName === "title") continue;
    const style = getComputedStyle(e), ink = parse(e.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    if (ratio < worst[0]) worst = [ratio, e.tagName + ": " + text.slice(0, 40)];
  }
  return worst;
})()"""
ROWS = "[...document.querySelectorAll('#results tbody tr')]"


class PageInBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = make_artifacts(sys.argv_program)
        cls.browser = Browser(find_browser())
        cls.browser.size(1280, 900)
        cls.browser.open(cls.folder / "report.html")

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def setUp(self):
        self.page = self.browser
        self.page.size(1280, 900)

    def choose(self, select, value):
        self.page.evaluate(f"byId('{select}').value = '{value}'; byId('{select}').onchange()")

    def test_plots_show_every_plan_and_the_front_of_the_database(self):
        for plot in ("plot-value", "plot-fidelity"):
            self.assertEqual(self.page.evaluate(f"document.querySelectorAll('#{plot} .p').length"), 69)
        front = self.page.evaluate("frontOf(plotPoints('value'), 'value').sort()")
        database = sqlite3.connect(self.folder / "sweep.db")
        expected = database.execute("SELECT plan_hash FROM v_pareto WHERE on_front AND task = 'binary' AND batch = 1 "
                                    "ORDER BY plan_hash").fetchall()
        self.assertEqual(front, [row[0] for row in expected])

    def test_pointing_at_a_plan_shows_what_is_known_of_it(self):
        x, y = self.page.evaluate("""(() => { const point = byId('plot-value').points.find(p => p.plan.display === 'M3');
          point.mark.scrollIntoView({block: 'center'}); const box = point.mark.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2]; })()""")
        self.page.move_to(x, y)
        self.page.wait_for("byId('detail').textContent.startsWith('M3')")
        detail = self.page.evaluate("byId('detail').textContent")
        for word in ("hero-111111", "accuracy", "drift", "flips", "time", "speed-up", "weights", "peak memory",
                     "attention_outputint8"):
            self.assertIn(word, detail)
        self.assertNotEqual(self.page.evaluate("byId('plot-value').whisker.getAttribute('d')"), "")

    def test_the_keyboard_reaches_the_front_and_walks_through_all_plans(self):
        self.page.evaluate("byId('method').focus()")
        self.page.key("Tab")
        self.assertTrue(self.page.evaluate("document.activeElement.matches('#plot-value .p')"))
        first = self.page.evaluate("document.activeElement.dataset.hash")
        self.assertEqual(self.page.evaluate("selected"), first)
        self.page.key("ArrowRight")
        second = self.page.evaluate("document.activeElement.dataset.hash")
        times = [self.page.evaluate(f"latencyOf('{plan}').ms") for plan in (first, second)]
        self.assertLess(times[0], times[1])
        self.assertIn(self.page.evaluate(f"planName(data.plans['{second}'])"),
                      self.page.evaluate("byId('detail').textContent"))
        self.page.key("ArrowLeft")
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.hash"), first)

    def test_tables_sort_both_ways_from_the_keyboard_and_keep_the_focus(self):
        drift = "[...document.querySelectorAll('#results thead button')].find(b => b.textContent === 'drift')"
        column = f"{ROWS}.map(r => resultOf(r.dataset.hash).drift)"
        self.page.evaluate(f"{drift}.focus()")
        for order, reverse in (("ascending", False), ("descending", True)):
            self.page.key("Enter")
            self.assertEqual(self.page.evaluate(f"{drift}.parentElement.getAttribute('aria-sort')"), order)
            values = self.page.evaluate(column)
            self.assertEqual(values, sorted(values, reverse=reverse))
            self.assertEqual(self.page.evaluate("document.activeElement.textContent"), "drift")

    def test_filters_narrow_plots_tables_and_distributions(self):
        self.choose("method", "zeroquant")
        shown = self.page.evaluate(f"{ROWS}.map(r => data.plans[r.dataset.hash].family)")
        self.assertEqual(set(shown), {"fp16", "zeroquant"})
        self.assertEqual(self.page.evaluate("document.querySelectorAll('#plot-value .p').length"), 1 + 3)
        self.choose("method", "")
        before = self.page.evaluate("byId('plot-value').points[0].latency.ms")
        self.choose("group", "1")
        self.assertGreater(self.page.evaluate("byId('plot-value').points[0].latency.ms"), 5 * before)
        self.choose("group", "0")
        self.choose("task", "1")
        self.assertIn("spearman", self.page.evaluate("byId('cap-value').textContent"))
        self.choose("task", "0")
        self.page.evaluate("byId('find').value = 'ZQ-w8a8'; byId('find').oninput()")
        self.assertEqual(self.page.evaluate(f"{ROWS}.map(r => data.plans[r.dataset.hash].name)"), ["zq-w8a8", "zq-w8a816"])
        self.page.evaluate("byId('find').value = ''; byId('find').oninput()")

    def test_distributions_draw_every_round(self):
        strips = self.page.evaluate("byId('distribution').querySelectorAll('g').length")
        self.assertGreater(strips, 3)
        self.assertEqual(self.page.evaluate("byId('distribution').querySelectorAll('circle').length"), 30 * strips)

    def test_a_screen_reader_finds_names_headings_and_table_headers(self):
        nodes = [node for node in self.page.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
        roles = [node["role"]["value"] for node in nodes]
        for role in ("main", "heading", "table", "columnheader", "rowheader", "combobox", "searchbox", "status", "link"):
            self.assertIn(role, roles)
        nameless = [node["role"]["value"] for node in nodes
                    if node["role"]["value"] in ("button", "combobox", "searchbox", "link", "region", "image", "img",
                                                 "table", "heading", "form", "figure")
                    and not node.get("name", {}).get("value")]
        self.assertEqual(nameless, [])
        self.assertEqual(self.page.evaluate("document.documentElement.lang"), "en")

    def test_text_stands_out_on_light_and_dark_pages(self):
        try:
            for dark in (False, True):
                self.page.dark(dark)
                ratio, text = self.page.evaluate(CONTRAST)
                self.assertGreaterEqual(ratio, 4.5, text)
                self.page.evaluate("scrollTo(0, 0)")
                self.page.screenshot(self.folder / f"page-{'dark' if dark else 'light'}.png")
        finally:
            self.page.dark(False)

    def test_a_phone_shows_all_without_scrolling_sideways(self):
        self.page.size(390, 844, mobile=True)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(self.folder / "page-phone.png")
        self.assertLessEqual(self.page.evaluate("document.scrollingElement.scrollWidth"), 390)
        sides = self.page.evaluate("[...document.querySelectorAll('.plots svg')].map(s => s.getBoundingClientRect())"
                                   ".map(b => [b.x, b.right, b.y])")
        self.assertTrue(all(left >= 0 and right <= 390 for left, right, _ in sides))
        self.assertLess(sides[0][2], sides[1][2])  # one below the other
        heights = self.page.evaluate("[...document.querySelectorAll('select')].map(s => s.getBoundingClientRect().height)")
        self.assertTrue(all(height >= 36 for height in heights))
        # A row of the table stays one line, whatever the width.
        self.assertLess(self.page.evaluate(f"Math.max(...{ROWS}.map(r => r.getBoundingClientRect().height))"), 60)

    def test_zz_nothing_was_complained_about(self):  # the last one: unittest runs in order of names
        self.assertEqual(self.page.complaints, [])


if __name__ == "__main__":
    if not find_browser():
        print("skipped: no Chromium here (apt-get install chromium)")
        sys.exit(77)
    sys.argv_program = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=0)
