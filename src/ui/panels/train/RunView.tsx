import { ActionIcon, Button, Group, Menu, Modal, NumberInput, Progress } from '@mantine/core';
import {
  IconAlertTriangle,
  IconArrowsHorizontal,
  IconBulb,
  IconCheck,
  IconDotsVertical,
  IconDownload,
  IconInfoCircle,
  IconPencil,
  IconReportAnalytics,
  IconTrash,
} from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { countText, differenceText, figureText } from '../../../project/evaluation-text';
import type { TrainingRunRecord } from '../../../project/training';
import { PATIENCE } from '../../../training/run/run';
import { useSession, useStudio } from '../../app/context';
import { ErrorNote } from '../../parts/ErrorNote';
import { NameField } from '../../parts/NameField';
import { durationText } from '../../parts/time';
import view from '../../parts/view.module.css';
import { measureTitle, SCORES, settingRows, STATE_TITLES, stateOf, TASK_TITLES } from '../../training-text';
import type { TrainingUnderWay } from '../../training-view';
import { LossChart, MeasureChart } from './Charts';
import { Samples } from './Samples';
import { Toggle } from './Toggle';
import classes from './train.module.css';

interface Props {
  readonly record: TrainingRunRecord;
  onRemove(id: string): void;
}

/** A run: how far it is, what it makes, how its losses go, and what can be done with it. */
export function RunView({ record, onRemove }: Props) {
  const { training } = useStudio();
  const underWay = useSession((state) => (state.training.underWay?.id === record.id ? state.training.underWay : null));
  const error = useSession((state) => state.training.error);
  const since = underWay?.since ?? NOTHING;
  const [renaming, setRenaming] = useState(false);
  const [extending, setExtending] = useState(false);
  const renamed = (name: string | null) => {
    if (name !== null) void training.rename(record.id, name);
    setRenaming(false);
  };
  return (
    <section className={view.view} aria-label={record.name}>
      <header className={view.viewHead}>
        <div className={view.titles}>
          {renaming ? (
            <NameField
              label="Name of the training run"
              name={record.name}
              className={classes.rename}
              onDone={renamed}
            />
          ) : (
            <h1>{record.name}</h1>
          )}
          <p title={describe(record)}>{describe(record)}</p>
        </div>
        {record.state !== 'done' || underWay ? <Toggle id={record.id} /> : null}
        <Use record={record} />
        <Download record={record} />
        <More
          record={record}
          running={underWay !== null}
          onRename={() => setRenaming(true)}
          onExtend={() => setExtending(true)}
          onRemove={() => onRemove(record.id)}
        />
      </header>
      <div className={view.body}>
        {error && <ErrorNote message={error.message} />}
        <Advance record={record} underWay={underWay} />
        <Notices record={record} underWay={underWay} />
        <div className={classes.watch}>
          <Samples record={record} />
          <div className={classes.stack}>
            <LossChart record={record} since={since} of="fit" />
            <MeasureChart record={record} />
          </div>
        </div>
        <div className={classes.watch}>
          <div className={classes.stack}>
            <Headline record={record} />
            <Settings record={record} />
          </div>
          <LossChart record={record} since={since} of="adversarial" />
        </div>
      </div>
      <Extension key={String(extending)} record={record} opened={extending} onClose={() => setExtending(false)} />
    </section>
  );
}

const NOTHING: TrainingUnderWay['since'] = [];

function describe({ config, dataset, images, heldOut }: TrainingRunRecord): string {
  const alone = images.length === 1;
  const held = heldOut > 0 ? `, ${heldOut} held out` : '';
  const photographs = alone ? 'one photograph' : `${images.length - heldOut} photographs${held}`;
  return `${TASK_TITLES[config.what]} · ${dataset} · ${photographs} · ${config.size} × ${config.size} px`;
}

/** How far it is, and how fast. */
function Advance({ record, underWay }: { record: TrainingRunRecord; underWay: TrainingUnderWay | null }) {
  const state = stateOf(record, underWay);
  const step = underWay?.step?.step ?? record.step;
  const steps = underWay?.steps ?? record.config.steps;
  const preparing = underWay?.preparing;
  const pace = underWay?.picturesPerSecond ?? null;
  const seconds = record.seconds + (underWay?.since ?? []).reduce((sum, each) => sum + each.seconds, 0);
  const left = underWay?.secondsLeft ?? null;
  return (
    <div className={classes.advance} role="group" aria-label="Progress of the run">
      <div className={classes.advanceHead}>
        <span className={classes.state} data-state={state}>
          {STATE_TITLES[state]}
        </span>
        <span>
          {preparing ? `Getting ready${preparing.label ? `: ${preparing.label}` : ''}` : `Step ${step} of ${steps}`}
        </span>
        {pace !== null && <span>{rateText(pace)}</span>}
        {left !== null && step < steps && <span>{durationText(left)} left</span>}
        {!underWay && seconds >= 1 && <span>{durationText(seconds)} of training</span>}
        <span className={classes.advanceEnd}>{record.backend === 'cpu' ? 'On the processor' : 'On the GPU'}</span>
      </div>
      <Progress
        size={6}
        aria-label="Steps done"
        value={preparing ? (100 * preparing.done) / Math.max(1, preparing.total) : (100 * step) / Math.max(1, steps)}
        color={state === 'stopped' ? 'yellow' : undefined}
      />
    </div>
  );
}

function rateText(picturesPerSecond: number): string {
  if (picturesPerSecond >= 10) return `${Math.round(picturesPerSecond)} images/s`;
  return `${Number(picturesPerSecond.toPrecision(2))} images/s`;
}

/** What should be known of the run, with what can be done about it. */
function Notices({ record, underWay }: { record: TrainingRunRecord; underWay: TrainingUnderWay | null }) {
  const { training } = useStudio();
  const { problem, since, batch, config, best } = record;
  const state = stateOf(record, underWay);
  return (
    <>
      {state === 'stopped' && problem && (
        <Notice warns icon={<IconAlertTriangle size={15} aria-hidden />}>
          {problem.message} The run is stored{record.saved === null ? '' : ` as it was after step ${record.saved}`} and
          can be gone on with.
        </Notice>
      )}
      {state === 'training' && since >= PATIENCE && best && (
        <Notice
          icon={<IconBulb size={15} aria-hidden />}
          action={
            <Button size="compact-xs" variant="default" onClick={() => void training.pause()}>
              Pause here
            </Button>
          }
        >
          The last {since} measurements have brought nothing better than step {best.step}. Its weights are kept, so
          stopping now loses nothing.
        </Notice>
      )}
      {batch < config.batch && (
        <Notice icon={<IconInfoCircle size={15} aria-hidden />}>
          Memory did not suffice for {config.batch} pictures in a step: it goes on with {batch}.
        </Notice>
      )}
      {state === 'elsewhere' && (
        <Notice icon={<IconInfoCircle size={15} aria-hidden />}>
          This run is under way in another window of this browser. Watch it there, or close that window to go on here.
        </Notice>
      )}
      <WhatNext record={record} />
    </>
  );
}

function Notice({
  icon,
  warns = false,
  action,
  children,
}: {
  readonly icon: ReactNode;
  readonly warns?: boolean;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <div className={classes.notice} data-warns={warns || undefined} role="status">
      {icon}
      <span>{children}</span>
      {action}
    </div>
  );
}

/** Whether the run's network does its task now. */
function useInUse({ config, usedAs }: TrainingRunRecord): boolean {
  return useSession(
    ({ networks }) =>
      usedAs !== null && (networks?.some(({ task, title }) => task === config.what && title === usedAs) ?? false),
  );
}

/** Where to go once the network is used. */
function WhatNext({ record }: { readonly record: TrainingRunRecord }) {
  const studio = useStudio();
  const inUse = useInUse(record);
  if (!inUse) return null;
  const { id, config, images } = record;
  const datasetId = images[0]?.datasetId;
  if (config.what === 'generator') {
    const teachDetector = () => {
      studio.training.show(null);
      studio.training.chooseTask('detector');
      if (datasetId !== undefined && studio.document.datasets[datasetId]) studio.training.chooseDataset(datasetId);
    };
    return (
      <Notice
        icon={<IconCheck size={15} aria-hidden />}
        action={
          <Group gap={6} wrap="nowrap">
            <Button size="compact-xs" variant="default" onClick={() => void studio.openForTrial(datasetId ?? null)}>
              Try it in Synthesize
            </Button>
            <Button size="compact-xs" variant="default" onClick={teachDetector}>
              Train a detector with it
            </Button>
          </Group>
        }
      >
        This generator makes the pictures now.
      </Notice>
    );
  }
  if (config.what === 'edges') {
    return (
      <Notice
        icon={<IconCheck size={15} aria-hidden />}
        action={
          <Button size="compact-xs" variant="default" onClick={() => void studio.openForTrial(datasetId ?? null)}>
            Look at the edges in Synthesize
          </Button>
        }
      >
        This edge detector finds the edges now. Generators were trained on those of another one: see whether their
        pictures still hold.
      </Notice>
    );
  }
  return (
    <Notice
      icon={<IconCheck size={15} aria-hidden />}
      action={
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconReportAnalytics size={14} />}
          onClick={() => void studio.training.evaluate(id)}
        >
          See on Evaluate whether it helped
        </Button>
      }
    >
      This detector looks for anomalies now.
    </Notice>
  );
}

function Use({ record }: { readonly record: TrainingRunRecord }) {
  const { training } = useStudio();
  const busy = useSession((state) => state.training.busy);
  const inUse = useInUse(record);
  const noun = TASK_TITLES[record.config.what].toLowerCase();
  if (!record.best) return null;
  return (
    <Button
      variant={inUse || record.state !== 'done' ? 'default' : 'filled'}
      leftSection={<IconCheck size={15} />}
      loading={busy?.id === record.id && busy.what === 'use'}
      disabled={busy !== null && busy.id !== record.id}
      title={`The best weights so far, of step ${record.best.step}`}
      onClick={() => void training.use(record.id)}
    >
      {inUse ? 'Use again' : `Use this ${noun}`}
    </Button>
  );
}

function Download({ record: { id, best } }: { readonly record: TrainingRunRecord }) {
  const { training } = useStudio();
  const busy = useSession((state) => state.training.busy);
  return (
    <Button
      variant="default"
      leftSection={<IconDownload size={15} />}
      disabled={!best}
      loading={busy?.id === id && busy.what === 'download'}
      title={best ? `The best weights, of step ${best.step}, as an ONNX file` : undefined}
      onClick={() => void training.download(id)}
    >
      Download
    </Button>
  );
}

function More({
  record: { name },
  running,
  onRename,
  onExtend,
  onRemove,
}: {
  readonly record: TrainingRunRecord;
  readonly running: boolean;
  onRename(): void;
  onExtend(): void;
  onRemove(): void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`More about ${name}`}>
          <IconDotsVertical size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={15} />} onClick={onRename}>
          Rename
        </Menu.Item>
        <Menu.Item leftSection={<IconArrowsHorizontal size={15} />} onClick={onExtend}>
          Change the number of steps…
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTrash size={15} />}
          disabled={running}
          title={running ? 'Pause it first.' : undefined}
          onClick={onRemove}
        >
          Delete…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** A run may be made longer, after its end too. */
function Extension({
  record: { id, step, config },
  opened,
  onClose,
}: {
  readonly record: TrainingRunRecord;
  readonly opened: boolean;
  onClose(): void;
}) {
  const { training } = useStudio();
  const [steps, setSteps] = useState(Math.max(config.steps, Math.round(step * 1.5)));
  const fits = Number.isInteger(steps) && steps > step;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Change the number of steps"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <NumberInput
        data-autofocus
        label="Steps of the whole run"
        description={`${countText(step, 'step is', 'steps are')} done. The learning rate falls towards the new end.`}
        min={step + 1}
        max={10_000_000}
        step={500}
        allowDecimal={false}
        allowNegative={false}
        value={steps}
        onChange={(next) => typeof next === 'number' && setSteps(next)}
        error={fits ? undefined : `More than the ${step} that are done.`}
      />
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          disabled={!fits}
          onClick={() => {
            void training.extend(id, steps);
            onClose();
          }}
        >
          Go on to step {fits ? steps : '…'}
        </Button>
      </Group>
    </Modal>
  );
}

/** The best measurement, and how far it is from the first. */
function Headline({ record: { best, measurements, config } }: { readonly record: TrainingRunRecord }) {
  const [first] = measurements;
  if (!best || !first) return null;
  const names = Object.keys(best.values).filter((name) => best.values[name] !== best.score);
  const tiles = [
    { name: SCORES[config.what], value: best.score, before: first.score },
    ...names.map((name) => ({ name: measureTitle(name), value: best.values[name], before: first.values[name] ?? NaN })),
  ];
  return (
    <section className={classes.card} aria-label="Best measurement">
      <h2>Best so far: step {best.step}</h2>
      <dl className={classes.tiles}>
        {tiles.map(({ name, value, before }) => (
          <div key={name} className={view.tile}>
            <dt>{name}</dt>
            <dd>
              <strong title={String(value)}>{figureText(value)}</strong>
              <span>{differenceText(value - before)} since the start</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Settings({ record: { config } }: { readonly record: TrainingRunRecord }) {
  return (
    <section className={classes.card} aria-label="Settings of the run">
      <h2>Settings</h2>
      <dl className={classes.settings}>
        {settingRows(config).map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
