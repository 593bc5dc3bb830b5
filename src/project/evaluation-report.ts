import { breakdown, type BreakdownRow } from '../evaluation/breakdown';
import { meanCurve } from '../evaluation/curve-sample';
import { GOOD, PRO_LIMITS, SPRO_LIMITS } from '../evaluation/evaluator';
import { limitName, type AreasByLimit, type Figures } from '../evaluation/figures';
import { foundShare } from '../evaluation/image-result';
import { rankScores } from '../evaluation/scores';
import { confusionAt, ratesOf, verdictOf } from '../evaluation/threshold';
import { LAYOUT_TITLES } from '../datasets/layouts';
import { curveSvg, type SvgSeries } from './curve-svg';
import type { EvaluatedImage, EvaluationDetails, EvaluationRecord } from './evaluation';
import { anomalousKinds, countText, figureText, kindTitle, percentText, scoreText } from './evaluation-text';
import { Html, html, jsonScript } from './html';

export interface ReportOptions {
  /** Images to show, in their order, each as the address of a picture, best a `data:` one. */
  readonly shown: readonly { readonly image: EvaluatedImage; readonly picture: string }[];
  readonly now: Date;
}

/** The id of the element that holds the figures as `evaluate --json` prints them. */
export const REPORT_FIGURES = 'figures';

/** More kinds than this cannot be told apart as lines. */
const MOST_KINDS = 4;

/** An evaluation as an HTML document that needs no other file. */
export function evaluationReport(record: EvaluationRecord, details: EvaluationDetails, options: ReportOptions): string {
  const { figures } = record;
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="LogicAL Studio" />
        <title>${record.name}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${record.name}</h1>
          ${settings(record, options.now)}
        </header>
        <main>
          ${notices(record, details)} ${headline(figures)} ${areasTable(figures)} ${kindsTable(record, details)}
          ${consequences(record, details)} ${curves(record, details)} ${pictures(record, options.shown)}
        </main>
        ${jsonScript(REPORT_FIGURES, figures)}
      </body>
    </html>`;
  return `${text}\n`;
}

function settings(
  { testSet, figures, detector, scoreRule, createdAt, threshold, pixelThreshold }: EvaluationRecord,
  now: Date,
) {
  const { good, anomalous } = figures.images;
  const rows: [string, string][] = [
    [
      'Test set',
      `${testSet.title}, ${testSet.builtIn ? 'the studio’s demo' : `${LAYOUT_TITLES[testSet.layout]} layout`}`,
    ],
    ['Images', `${good} good, ${anomalous} anomalous`],
    [detector.kind === 'maps' ? 'Anomaly maps' : 'Detector', detector.name],
    ...(detector.sha256 === null ? [] : ([['SHA-256', detector.sha256]] as [string, string][])),
    ['Image score', scoreRule === 'detector' ? 'the detector’s own' : 'maximum of the map'],
    ['Image threshold', scoreText(threshold)],
    ['Pixel threshold', pixelThreshold === null ? 'none' : scoreText(pixelThreshold)],
    ['Evaluated', dateText(new Date(createdAt))],
    ['Report', dateText(now)],
  ];
  return html`<dl class="settings">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** The same everywhere, and to be sorted by. */
function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function notices({ leftOut, figures }: EvaluationRecord, { notes, problems }: EvaluationDetails): Html {
  const total = leftOut + figures.images.good + figures.images.anomalous;
  const messages = problems.map(({ message }) => html`<li>${message}</li>`);
  return html`${
    leftOut > 0
      ? html`<p class="notice">${leftOut} of ${total} test images could not be evaluated and are in no figure.</p>`
      : new Html('')
  }
  ${
    messages.length > 0
      ? html`<ul class="notice">
          ${messages}
        </ul>`
      : new Html('')
  }
  ${notes.map((note) => html`<p class="note">${note}</p>`)}`;
}

function headline(figures: Figures): Html {
  const tiles: [string, number | null | undefined][] = [
    ['Image AUROC', figures.image_auroc],
    ['Image AP', figures.image_ap],
    ['Pixel AUROC', figures.pixel_auroc],
    ['Pixel AP', figures.pixel_ap],
    ['AUPRO 0.3', figures.aupro?.['0.3']],
    ...(figures.au_spro ? ([['AU-sPRO 0.05', figures.au_spro.mean?.['0.05']]] as [string, number | undefined][]) : []),
  ];
  return html`<dl class="headline">
    ${tiles.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${figureText(value)}</dd>
        </div>`,
    )}
  </dl>`;
}

function areasTable({ aupro, aupro_by_subset: byKind, au_spro: spro, image_auroc_by_subset: aurocs }: Figures): Html {
  const kinds = Object.keys(byKind);
  const limits = spro ? SPRO_LIMITS : PRO_LIMITS;
  const rows: [string, AreasByLimit | null | undefined, number | null | undefined][] = [
    ...(spro ? ([['AU-sPRO, mean', spro.mean, aurocs.mean]] as typeof rows) : []),
    ...(spro
      ? kinds.map((kind) => [`AU-sPRO, ${kindTitle(kind)}`, spro[kind], aurocs[kind]] as (typeof rows)[number])
      : []),
    ['AUPRO, all', aupro, null],
    ...kinds.map((kind) => [`AUPRO, ${kindTitle(kind)}`, byKind[kind], aurocs[kind]] as (typeof rows)[number]),
  ];
  return html`<section>
    <h2>Areas under the overlap curves</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Up to a false-positive rate of</th>
          ${limits.map((limit) => html`<th scope="col">${limit}</th>`)}
          <th scope="col">Image AUROC</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, areas, auroc]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${limits.map((limit) => cell(areas, limitName(limit)))}
              <td>${auroc === null ? '' : figureText(auroc)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** Empty where the area is not taken at this limit. */
function cell(areas: AreasByLimit | null | undefined, limit: string): Html {
  return html`<td>${areas && areas[limit] === undefined ? '' : figureText(areas?.[limit])}</td>`;
}

function kindsTable({ figures, threshold, pixelThreshold }: EvaluationRecord, { images }: EvaluationDetails): Html {
  const rows = breakdown(images, figures, threshold, pixelThreshold);
  const limits = figures.au_spro ? SPRO_LIMITS : PRO_LIMITS;
  const area = figures.au_spro ? 'AU-sPRO' : 'AUPRO';
  const line = ({ subset, defect, images: count, defects, imageAuroc, areas, recall, found }: BreakdownRow) =>
    html`<tr class="${defect === null ? 'lead' : 'defect'}">
      <th scope="row">${kindTitle(defect ?? subset)}</th>
      <td>${count}</td>
      <td>${defects}</td>
      <td>${figureText(imageAuroc)}</td>
      ${limits.map((limit) => html`<td>${figureText(areas?.[limitName(limit)])}</td>`)}
      <td>${percentText(recall)}</td>
      <td>${percentText(found)}</td>
    </tr>`;
  return html`<section>
    <h2>By kind of anomaly and defect</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col">Images</th>
          <th scope="col">Defects</th>
          <th scope="col">Image AUROC</th>
          ${limits.map((limit) => html`<th scope="col">${area} ${limit}</th>`)}
          <th scope="col">Recall</th>
          <th scope="col">Found</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(line)}
      </tbody>
    </table>
    <p class="note">
      Recall: share of the images called anomalous at the image threshold. Found: share of what is needed of the defects
      that the pixel threshold outlines, on average.
    </p>
  </section>`;
}

function consequences({ threshold }: EvaluationRecord, { images }: EvaluationDetails): Html {
  const confusion = confusionAt(images, threshold);
  const { precision, recall, f1, falseAlarmRate } = ratesOf(confusion);
  return html`<section>
    <h2>At the image threshold of ${scoreText(threshold)}</h2>
    <div class="pair">
      <table>
        <thead>
          <tr>
            <td></td>
            <th scope="col">Called anomalous</th>
            <th scope="col">Called good</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Anomalous</th>
            <td>${confusion.truePositives}</td>
            <td>${confusion.falseNegatives}</td>
          </tr>
          <tr>
            <th scope="row">Good</th>
            <td>${confusion.falsePositives}</td>
            <td>${confusion.trueNegatives}</td>
          </tr>
        </tbody>
      </table>
      <table>
        <tbody>
          <tr>
            <th scope="row">Precision</th>
            <td>${percentText(precision)}</td>
          </tr>
          <tr>
            <th scope="row">Recall</th>
            <td>${percentText(recall)}</td>
          </tr>
          <tr>
            <th scope="row">F1</th>
            <td>${percentText(f1)}</td>
          </tr>
          <tr>
            <th scope="row">False-alarm rate</th>
            <td>${percentText(falseAlarmRate)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  </section>`;
}

function curves({ figures }: EvaluationRecord, { images, curves: pixels }: EvaluationDetails): Html {
  const kinds = anomalousKinds(images);
  const few = kinds.length > 1 && kinds.length <= MOST_KINDS ? kinds : [];
  const scores = (kept: (subset: string) => boolean) =>
    images.filter(({ subset }) => kept(subset)).map(({ score }) => score);
  const good = scores((subset) => subset === GOOD);
  const rankings = [
    {
      label: 'All',
      kind: ALL,
      ranking: rankScores(
        good,
        scores((subset) => subset !== GOOD),
      ),
    },
    ...few.map((name, i) => ({
      label: kindTitle(name),
      kind: 1 + i,
      ranking: rankScores(
        good,
        scores((subset) => subset === name),
      ),
    })),
  ].flatMap(({ ranking, ...rest }) => (ranking ? [{ ...rest, ranking }] : []));
  const spro = figures.au_spro !== null;
  const own = pixels.subsets.flatMap(({ name, ...subset }): SvgSeries[] => {
    const curve = spro ? subset.spro : subset.pro;
    return curve && few.includes(name) ? [{ label: kindTitle(name), kind: 1 + kinds.indexOf(name), curve }] : [];
  });
  const all = spro ? own.length > 1 && meanCurve(own.map(({ curve }) => curve)) : pixels.pro;
  const overlap = [...(all ? [{ label: spro ? 'Mean' : 'All', kind: ALL, curve: all }] : []), ...own];
  const limit = spro ? 0.05 : 0.3;
  const [rate, recall] = ['False-positive rate', 'Recall'];
  const drawings = [
    {
      title: spro ? 'Saturated region overlap (sPRO)' : 'Region overlap (PRO)',
      xLabel: rate,
      yLabel: spro ? 'Mean sPRO' : 'Mean PRO',
      xMax: limit * 1.25,
      limit,
      series: overlap,
    },
    {
      title: 'ROC of images',
      xLabel: rate,
      yLabel: 'True-positive rate',
      xMax: 1,
      series: rankings.map(({ ranking, ...rest }) => ({ ...rest, curve: ranking.roc })),
    },
    {
      title: 'Precision and recall of images',
      xLabel: recall,
      yLabel: 'Precision',
      xMax: 1,
      series: rankings.map(({ ranking, ...rest }) => ({ ...rest, curve: ranking.precisionRecall })),
    },
    ...(pixels.pixel
      ? [
          {
            title: 'ROC of pixels',
            xLabel: rate,
            yLabel: 'True-positive rate',
            xMax: 1,
            series: [{ label: 'All', kind: ALL, curve: pixels.pixel.roc }],
          },
          {
            title: 'Precision and recall of pixels',
            xLabel: recall,
            yLabel: 'Precision',
            xMax: 1,
            series: [{ label: 'All', kind: ALL, curve: pixels.pixel.precisionRecall }],
          },
        ]
      : []),
  ].filter(({ series }) => series.length > 0);
  if (drawings.length === 0) return new Html('');
  return html`<section>
    <h2>Curves</h2>
    <div class="curves">${drawings.map(curveSvg)}</div>
  </section>`;
}

/** The colour of what is no kind of its own. */
const ALL = 9;

function pictures({ threshold, pixelThreshold }: EvaluationRecord, shown: ReportOptions['shown']): Html {
  if (shown.length === 0) return new Html('');
  const figure = ({ image, picture }: ReportOptions['shown'][number]) => {
    const verdict = verdictOf(image, threshold);
    const found = image.defects.map((defect) => {
      const share = pixelThreshold === null ? '' : `, found ${percentText(foundShare(defect, pixelThreshold))}`;
      return `${kindTitle(defect.name)} (${defect.area} px²${share})`;
    });
    return html`<figure class="${verdict.replace(' ', '-')}">
      <img src="${picture}" alt="${image.path}: photograph, and heat map over it" />
      <figcaption>
        <strong>${VERDICTS[verdict]}</strong> ${image.path}, score ${scoreText(image.score)}<br />
        ${found.length > 0 ? found.join('; ') : kindTitle(image.subset)}
      </figcaption>
    </figure>`;
  };
  return html`<section>
    <h2>Worst images</h2>
    <p class="note">
      ${countText(shown.length, 'image')}: at the left the photograph with the outlines of its defects, at the right the
      heat map, with a dashed line about the pixels above the threshold.
    </p>
    <div class="images">${shown.map(figure)}</div>
  </section>`;
}

const VERDICTS = { hit: 'Hit', miss: 'Miss', 'false alarm': 'False alarm', passed: 'Passed' } as const;

const STYLE = `
:root {
  color-scheme: light dark;
  --text: #14181b; --soft: #55606a; --line: #d8dde1; --page: #fff; --panel: #f6f8f9; --bad: #b3261a; --warn: #8a5300;
  --kind-1: #6a3fc0; --kind-2: #b4540a; --kind-3: #0f62ac; --kind-4: #796100; --kind-9: #0a6a5f; --area: #0a6a5f1c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8ebed; --soft: #aeb6bd; --line: #33393f; --page: #121517; --panel: #1a1e22; --bad: #ff7b68; --warn: #f0b352;
    --kind-1: #b794f6; --kind-2: #f2a65a; --kind-3: #63b3f6; --kind-4: #dfc24d; --kind-9: #40c7b5; --area: #40c7b526;
  }
}
* { box-sizing: border-box; }
body { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; color: var(--text); background: var(--page);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-variant-numeric: tabular-nums; }
h1 { margin: 0 0 12px; font-size: 24px; letter-spacing: -0.015em; }
h2 { margin: 34px 0 10px; font-size: 16px; }
dl { margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.settings { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 2px 24px; font-size: 13px; }
.settings div { display: grid; grid-template-columns: 120px 1fr; }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; margin-top: 22px; }
.headline div { padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.headline dd { font-size: 26px; font-weight: 600; letter-spacing: -0.02em; line-height: 1.25; }
.notice { padding: 8px 14px; border-left: 3px solid var(--warn); background: var(--panel); overflow-wrap: anywhere; }
ul.notice { padding-left: 32px; }
.note { color: var(--soft); font-size: 13px; }
section { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 4px 12px 4px 0; text-align: right; font-weight: 400; white-space: nowrap; border-top: 1px solid var(--line); }
thead th, thead td { border-top: 0; color: var(--soft); }
th:first-child, td:first-child { padding-right: 24px; text-align: left; }
.lead > * { font-weight: 600; }
.defect > th { padding-left: 16px; }
.pair { display: flex; flex-wrap: wrap; gap: 12px 56px; align-items: start; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 16px; }
.curve { width: 100%; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.curve path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.curve .grid { stroke: var(--line); stroke-width: 1; }
.curve .area { fill: var(--area); }
.curve .limit { stroke: var(--kind-9); stroke-dasharray: 4 3; }
.curve text { fill: var(--soft); font-size: 10px; }
.curve .title { fill: var(--text); font-size: 12px; font-weight: 600; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(320px, 1fr)); gap: 16px; }
figure { margin: 0; break-inside: avoid; }
figure img { display: block; width: 100%; border-radius: 6px; border: 2px solid var(--line); }
.miss img { border-color: var(--bad); }
.false-alarm img { border-color: var(--warn); }
figcaption { margin-top: 4px; font-size: 12px; color: var(--soft); overflow-wrap: anywhere; }
figcaption strong { color: var(--text); }
.miss strong { color: var(--bad); }
.false-alarm strong { color: var(--warn); }
@media print { body { padding: 0; } h2 { break-after: avoid; } }
`;
