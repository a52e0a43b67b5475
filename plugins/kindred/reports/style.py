"""The style of a report: light and dark, screen, telephone and paper."""

from kindred.reports.vega import FONT

_LIGHT = """
--ink:#1b222c;--muted:#535e6c;--faint:#d9dee5;--paper:#f4f6f8;--card:#fff;--line:#e3e7ec;
--link:#00568a;--on-strong:#fff;--edge:#8a94a1;--rest:#343d49;
--c0:#8a94a1;--c1:#0072b2;--c2:#d55e00;--c3:#009e73;--c4:#af3983;--c5:#571591;--c6:#3491fc;
--c7:#431b00;--c8:#a61204;--c9:#079327;--c10:#3420cd;--c11:#12624d;--c12:#d66d68;
--d1:#b34700;--d2:#e58a4a;--d3:#f6cfae;--d4:#eef1f4;--d5:#b5d5ea;--d6:#5ba3cf;--d7:#005c93;
"""
_DARK = """
--ink:#e8ecf1;--muted:#a9b4c2;--faint:#3a4452;--paper:#12161c;--card:#1a2029;--line:#2b3440;
--link:#7cc3f2;--on-strong:#10151b;--edge:#7d8896;--rest:#eef1f5;
--c0:#7d8896;--c1:#4aa8e0;--c2:#f08a3c;--c3:#2fc39a;--c4:#ffabcf;--c5:#9861c1;--c6:#a7cdff;
--c7:#ceea3c;--c8:#e44b6a;--c9:#c5cc5e;--c10:#5881f7;--c11:#74a5af;--c12:#d69f7a;
--d1:#f5924a;--d2:#9c5420;--d3:#6b4630;--d4:#252d38;--d5:#26495f;--d6:#276c98;--d7:#6ec1f2;
"""

CSS = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
html{{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}}
body{{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 {FONT}}}
a{{color:var(--link)}}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{{outline:3px solid var(--c1);
outline-offset:2px;border-radius:2px}}
.skip{{position:absolute;left:-999px}}
.skip:focus{{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:1}}
header,main,footer{{max-width:1160px;margin:0 auto;padding:0 24px}}
header{{padding-top:40px}}
h1,h2,h3,header p,nav a,footer{{overflow-wrap:anywhere}}
h1{{font-size:30px;line-height:1.2;letter-spacing:-.01em;margin:0 0 6px}}
header p{{margin:0;color:var(--muted);max-width:75ch}}
nav ul{{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:20px 0 0;padding:0}}
nav a{{display:inline-block;padding:4px 0;text-decoration:none;border-bottom:2px solid transparent}}
nav a:hover{{border-color:currentColor}}
section{{margin:44px 0 0}}
h2{{font-size:22px;letter-spacing:-.01em;margin:0 0 12px}}
h3{{font-size:16px;line-height:1.35;margin:0}}
.lead{{margin:0 0 8px;max-width:80ch;overflow-wrap:anywhere}}
dl{{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));margin:0 0 20px;
background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden}}
dl div{{padding:12px 16px;box-shadow:1px 1px 0 var(--line)}}
dt{{color:var(--muted);font-size:13px}}
dd{{margin:0}}
dd.value{{font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
dd.note{{color:var(--muted);font-size:12px;line-height:1.4}}
.blocks{{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px;
grid-auto-flow:dense}}
.block{{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:0;
padding:18px 20px 14px;min-width:0}}
.block.wide{{grid-column:1/-1}}
.note{{color:var(--muted);font-size:13px;line-height:1.45;margin:4px 0 0;max-width:90ch;
overflow-wrap:anywhere}}
.keys{{display:flex;flex-wrap:wrap;gap:3px 14px;list-style:none;padding:0;margin:10px 0 0;
font-size:12.5px}}
.keys li{{display:flex;align-items:baseline;gap:6px;min-width:0;overflow-wrap:anywhere}}
.keys svg{{flex:none;width:10px;height:10px}}
.body{{display:block}}
.picture{{margin:14px 0 0}}
.picture>svg{{display:block;max-width:100%;height:auto;overflow:visible;font-family:{FONT}}}
.picture.small{{display:none}}
details{{margin:10px 0 0}}
summary{{cursor:pointer;color:var(--link);font-size:13px;padding:4px 0;width:max-content;
max-width:100%}}
.scroll{{overflow-x:auto;margin:8px 0 0}}
table{{border-collapse:collapse;font-size:13px;line-height:1.4;width:100%;
font-variant-numeric:tabular-nums}}
th,td{{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-top:1px solid var(--line);
font-weight:normal;max-width:42ch;min-width:9ch;overflow-wrap:anywhere}}
th[scope=row]{{min-width:15ch}}
.short th[scope=row]{{min-width:6ch}}
thead th{{color:var(--muted);border-top:0;overflow-wrap:normal}}
.scroll thead th.long{{white-space:normal;overflow-wrap:anywhere;min-width:20ch}}
footer{{color:var(--muted);font-size:13px;padding-top:36px;padding-bottom:48px}}
@media (min-width:1041px){{
.wide .keyed{{display:grid;grid-template-columns:760px minmax(0,1fr);gap:28px;align-items:start}}
.wide .keys{{flex-direction:column;margin-top:18px}}
.wide .keyed .picture.large,.wide .keyed .keys{{grid-row:1}}
.wide .keys{{grid-column:2}}
}}
@media (max-width:1040px){{.blocks{{grid-template-columns:minmax(0,1fr)}}}}
@media (max-width:640px){{
header,main,footer{{padding-left:14px;padding-right:14px}}
header{{padding-top:24px}}
h1{{font-size:25px}}
dl{{grid-template-columns:repeat(2,minmax(0,1fr))}}
.block{{padding:14px 14px 10px}}
.picture.large{{display:none}}
.picture.small{{display:block}}
}}
@media print{{
:root{{color-scheme:light;{_LIGHT}--paper:#fff}}
body{{font-size:11pt}}
nav,details:not([open]),.skip{{display:none}}
.block,dl{{break-inside:avoid}}
h2,h3{{break-after:avoid}}
section{{margin-top:24px}}
.blocks{{gap:12px}}
*{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
}}
"""
