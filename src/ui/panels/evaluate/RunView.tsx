import { Loader, Tabs } from '@mantine/core';
import { IconChartLine, IconPhoto } from '@tabler/icons-react';
import { LAYOUT_TITLES } from '../../../datasets/layouts';
import type { EvaluationDetails, EvaluationRecord } from '../../../project/evaluation';
import { countText } from '../../../project/evaluation-text';
import { useSession, useStudio } from '../../app/context';
import { ErrorNote } from '../../parts/ErrorNote';
import classes from './evaluate.module.css';
import { ExportMenu } from './ExportMenu';
import { Figures } from './Figures';
import { Images } from './Images';
import { useDetails, useRun } from './use-run';

/** One evaluation: its figures, and its images. */
export function RunView({ record }: { record: EvaluationRecord }) {
  const details = useDetails(record);
  return (
    <section className={classes.view} aria-label={record.name}>
      <header className={classes.viewHead}>
        <div className={classes.titles}>
          <h1>{record.name}</h1>
          <p title={describe(record)}>{describe(record)}</p>
        </div>
        {details && 'images' in details && <Exporting record={record} details={details} />}
      </header>
      {!details ? (
        <p className={classes.centre} role="status">
          <Loader size={16} /> Reading the evaluation…
        </p>
      ) : 'images' in details ? (
        <Loaded record={record} details={details} />
      ) : (
        <div className={classes.body}>
          <ErrorNote message={details.message} />
        </div>
      )}
    </section>
  );
}

function Exporting({ record, details }: { record: EvaluationRecord; details: EvaluationDetails }) {
  return <ExportMenu run={useRun(record, details)} />;
}

function Loaded({ record, details }: { record: EvaluationRecord; details: EvaluationDetails }) {
  const studio = useStudio();
  const tab = useSession((state) => state.evaluationTab);
  const run = useRun(record, details);
  return (
    <Tabs
      className={classes.tabs}
      value={tab}
      onChange={(value) => studio.session.setState({ evaluationTab: value === 'images' ? 'images' : 'figures' })}
      keepMounted={false}
    >
      <Tabs.List className={classes.tabList} aria-label="Parts of the evaluation">
        <Tabs.Tab value="figures" leftSection={<IconChartLine size={15} />}>
          Figures
        </Tabs.Tab>
        <Tabs.Tab value="images" leftSection={<IconPhoto size={15} />}>
          Images and threshold
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="figures" className={classes.panel}>
        <Figures run={run} />
      </Tabs.Panel>
      <Tabs.Panel value="images" className={classes.panel}>
        <Images run={run} />
      </Tabs.Panel>
    </Tabs>
  );
}

function describe({ testSet, figures, detector, scoreRule }: EvaluationRecord): string {
  const { good, anomalous } = figures.images;
  const set = `${testSet.title} (${testSet.builtIn ? 'demo' : LAYOUT_TITLES[testSet.layout]})`;
  const maps =
    detector.sha256 === null ? `maps from ${detector.name}` : `${detector.name}, ${detector.sha256.slice(0, 12)}`;
  const rule = scoreRule === 'detector' ? 'the detector’s score' : 'score: maximum of the map';
  return `${set} · ${countText(good, 'good image')}, ${anomalous} anomalous · ${maps} · ${rule}`;
}
