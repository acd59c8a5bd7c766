// The style of a run's report, light and dark; what is said of .u-… is uPlot's own (MIT, Leon Sorokin).
export const runStyle = `
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b626b; --line: #dfe3e8; --panel: #f6f7f9; --link: #1456b8; --fault: #a8350a;
  --curve-0: #1f6feb; --curve-1: #c2410c; --curve-2: #15803d; --curve-3: #9333ea; --curve-4: #0e7490; --curve-5: #be123c; }
@media (prefers-color-scheme: dark) { :root { --back: #15181c; --text: #e8eaed; --soft: #a3abb5; --line: #343a42; --panel: #1d2126; --link: #8cb8ff; --fault: #fba864;
  --curve-0: #6ea8fe; --curve-1: #fb923c; --curve-2: #4ade80; --curve-3: #c084fc; --curve-4: #22d3ee; --curve-5: #fb7185; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 20px 16px 48px; }
h1 { font-size: 1.6rem; margin: 0 0 8px; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 32px 0 8px; }
.findings { padding-left: 20px; margin: 0 0 16px; font-size: 1.05rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 8px 16px; margin: 0 0 16px; padding: 12px 16px; background: var(--panel); border-radius: 8px; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 12px; background: var(--panel); border-radius: 8px; min-width: 0; } figcaption { font-weight: 600; margin-bottom: 4px; }
pre { background: var(--panel); border-radius: 8px; padding: 12px 16px; overflow-x: auto; font: 13px/1.5 ui-monospace, monospace; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px; text-align: right; border-bottom: 1px solid var(--line); } th:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 500; }
td.right { background: color-mix(in srgb, var(--curve-2) calc(var(--share) * .35), transparent); } td.wrong { background: color-mix(in srgb, var(--curve-5) calc(var(--share) * .6), transparent); }
.narrow { grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); } .narrow figcaption { font-size: .85rem; font-weight: 500; overflow-wrap: anywhere; }
.narrow canvas { width: 100%; height: 120px; display: block; image-rendering: pixelated; } .narrow small { color: var(--soft); display: flex; justify-content: space-between; gap: 8px; }
.warned { border-left: 4px solid var(--curve-1); padding: 4px 16px; background: var(--panel); border-radius: 0 8px 8px 0; margin: 0 0 16px; } .warned h2 { margin-top: 8px; } .warned ul { padding-left: 20px; } .warned li { margin-bottom: 12px; overflow-wrap: anywhere; }
small { font-size: .85rem; color: var(--soft); } a { color: var(--link); } code { font: 600 .9em ui-monospace, monospace; }
mark { background: color-mix(in srgb, var(--curve-1) 22%, transparent); color: inherit; } pre i { color: var(--fault); font-style: normal; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(110px, 1fr)); gap: 12px; } .cards figcaption { font-size: .9rem; font-weight: 500; margin: 4px 0 0; overflow-wrap: anywhere; } .cards small { display: block; font-weight: 400; }
canvas.picture { image-rendering: pixelated; width: 84px; height: auto; display: block; background: #000; } td canvas.picture { width: 48px; display: inline-block; vertical-align: middle; margin-right: 8px; }
.drawing { background: #fff; border-radius: 8px; max-height: 80vh; overflow: auto; } .drawing svg { display: block; margin: 0 auto; max-width: 100%; height: auto; }
.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}
.u-legend { color: var(--text); font-size: 13px; text-align: left; }
`;
