import { ActionIcon, Modal, Slider, Switch, Tooltip } from '@mantine/core';
import { IconArrowsMaximize, IconPlayerTrackNext } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { TrainingRunRecord, TrainingTask } from '../../../project/training';
import type { SamplePictures } from '../../../worker/api';
import { useSession, useStudio } from '../../app/context';
import { ErrorNote } from '../../parts/ErrorNote';
import { isMade } from '../../training-text';
import { samplesKey } from '../../training-view';
import classes from './train.module.css';

/** What the network makes of pictures it is not trained on, at any step that was kept. */
export function Samples({ record }: { readonly record: TrainingRunRecord }) {
  const { training } = useStudio();
  const chosen = useSession((state) => state.training.shownStep);
  const known = useSession((state) => state.training.samples);
  const { withStart } = useSession((state) => state.trainingCharts);
  const { samples: steps, id, config } = record;
  // Pictures come a little after the record that tells of them.
  const latest = steps.findLast((step) => known.has(samplesKey(id, step))) ?? steps.at(-1);
  const shown = chosen !== null && steps.includes(chosen) ? chosen : latest;
  const now = shown === undefined ? undefined : known.get(samplesKey(id, shown));
  const start = known.get(samplesKey(id, steps[0]));
  const scrubber = steps.length > 1 && shown !== undefined && <Scrubber steps={steps} shown={shown} />;
  return (
    <section className={classes.card} aria-label="Samples">
      <div className={classes.cardHead}>
        <h2>Samples</h2>
        <Switch
          label="Beside the start"
          checked={withStart}
          onChange={(event) => training.setCharts({ withStart: event.currentTarget.checked })}
        />
      </div>
      {scrubber}
      {shown === undefined ? (
        <p className={classes.noSamples}>The first samples come with the first measurement.</p>
      ) : !now ? (
        <p className={classes.noSamples} role="status">
          Reading the pictures…
        </p>
      ) : 'code' in now ? (
        <ErrorNote message={now.message} />
      ) : (
        <Rows
          task={config.what}
          step={shown}
          samples={now}
          start={withStart && shown !== steps[0] && start && !('code' in start) ? start : null}
          scrubber={scrubber}
        />
      )}
    </section>
  );
}

/** Goes through the steps of which there are samples. */
function Scrubber({ steps, shown }: { readonly steps: readonly number[]; readonly shown: number }) {
  const { training } = useStudio();
  const chosen = useSession((state) => state.training.shownStep);
  return (
    <div className={classes.scrubber}>
      <Slider
        className={classes.scrub}
        min={0}
        max={steps.length - 1}
        step={1}
        value={steps.indexOf(shown)}
        marks={steps.length <= 30 ? steps.map((_, value) => ({ value })) : undefined}
        thumbLabel="Step of the samples"
        thumbValueText={`Step ${shown}`}
        onChange={(at) => training.showStep(at === steps.length - 1 ? null : steps[at])}
      />
      <output>Step {shown}</output>
      <Tooltip label="Latest, and what comes">
        <ActionIcon
          aria-label="Show the latest samples, and those to come"
          aria-pressed={chosen === null}
          size={24}
          disabled={chosen === null}
          onClick={() => training.showStep(null)}
        >
          <IconPlayerTrackNext size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

interface Cell {
  readonly title: string;
  /** Of which step it is, where that matters. */
  readonly when: string | null;
  readonly bitmap: ImageBitmap;
}

interface RowsProps {
  readonly task: TrainingTask;
  readonly step: number;
  readonly samples: readonly SamplePictures[];
  /** Null: is not shown. */
  readonly start: readonly SamplePictures[] | null;
  readonly scrubber: ReactNode;
}

function Rows({ task, step, samples, start, scrubber }: RowsProps) {
  const [enlarged, setEnlarged] = useState<string | null>(null);
  const cellsOf = ({ name, pictures }: SamplePictures): Cell[] => {
    const before = start?.find((each) => each.name === name)?.pictures;
    return pictures.flatMap((picture): Cell[] => {
      const first = isMade(task, picture.title) && before?.find(({ title }) => title === picture.title);
      return [
        ...(first ? [{ ...first, when: 'at the start' }] : []),
        { ...picture, when: first ? `step ${step}` : null },
      ];
    });
  };
  const large = samples.find(({ name }) => name === enlarged);
  return (
    <>
      <div className={classes.samples} tabIndex={0} role="group" aria-label={`Samples of step ${step}`}>
        {samples.map((sample) => (
          <div key={sample.name} className={classes.sample}>
            <div className={classes.sampleHead}>
              <h3 title={sample.name}>{sample.name}</h3>
              <Tooltip label="Enlarge">
                <ActionIcon
                  size={20}
                  variant="subtle"
                  color="gray"
                  aria-label={`Enlarge ${sample.name}`}
                  onClick={() => setEnlarged(sample.name)}
                >
                  <IconArrowsMaximize size={13} />
                </ActionIcon>
              </Tooltip>
            </div>
            <Cells name={sample.name} cells={cellsOf(sample)} />
          </div>
        ))}
      </div>
      <Modal
        opened={large !== undefined}
        onClose={() => setEnlarged(null)}
        title={large?.name}
        size="min(96vw, 1500px)"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {scrubber}
        <div className={classes.enlarged}>{large && <Cells name={large.name} cells={cellsOf(large)} />}</div>
      </Modal>
    </>
  );
}

function Cells({ name, cells }: { readonly name: string; readonly cells: readonly Cell[] }) {
  return (
    <div className={classes.sampleCells}>
      {cells.map(({ title, when, bitmap }) => (
        <figure key={`${title} ${when === 'at the start'}`}>
          <Picture bitmap={bitmap} label={`${title} of ${name}${when === null ? '' : `, ${when}`}`} />
          <figcaption>
            {title}
            {when !== null && <span>{when}</span>}
          </figcaption>
        </figure>
      ))}
    </div>
  );
}

/** Draws a bitmap once; whose it is closes it. */
export function Picture({ bitmap, label }: { readonly bitmap: ImageBitmap; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    // A closed bitmap has no size: its successor is on its way.
    if (!element || bitmap.width === 0) return;
    element.width = bitmap.width;
    element.height = bitmap.height;
    element.getContext('2d')?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return <canvas ref={canvas} className={classes.picture} role="img" aria-label={label} />;
}
