import { Button, Collapse, NumberInput, Radio, Select, Switch, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconChevronRight,
  IconFolderPlus,
  IconInfoCircle,
  IconPencil,
  IconPlayerPlay,
  IconRestore,
} from '@tabler/icons-react';
import { useMemo, type ReactNode } from 'react';
import { countText } from '../../../project/evaluation-text';
import type { ImageRecord } from '../../../project/document';
import type { TrainingTask } from '../../../project/training';
import type { TrainingConfig } from '../../../training/run/config';
import type { TrainingPlan } from '../../../worker/api';
import { useProject, useSession, useShell, useStudio } from '../../app/context';
import { ErrorNote } from '../../parts/ErrorNote';
import setup from '../../parts/setup.module.css';
import { SetupStep } from '../../parts/SetupStep';
import { durationText } from '../../parts/time';
import { configOf, configProblem, GOOD_COUNT, photographChoices, secondsOf, shortenings } from '../../training-setup';
import { imagesOf } from '../../dataset-images';
import { layersTitle } from '../../training-text';
import type { PhotographChoice, TrainingSettings } from '../../training-view';
import classes from './train.module.css';

/** What the next run is to be: a network, photographs, settings, and what they come to on this machine. */
export function Setup() {
  const error = useSession((state) => state.training.error);
  const empty = useProject((state) => Object.keys(state.document.datasets).length === 0);
  return (
    <section className={setup.setup} aria-label="New training run">
      <div className={setup.setupBody}>
        <h1>New training run</h1>
        <p className={setup.lead}>
          Adapt a network to photographs of your product, in this browser. No photograph leaves this machine, and what
          comes out is an ordinary ONNX file.
        </p>
        {empty ? (
          <NoPhotographs />
        ) : (
          <>
            <Task />
            <Photographs />
            <Settings />
            {error && <ErrorNote message={error.message} />}
            <Start />
          </>
        )}
      </div>
    </section>
  );
}

function NoPhotographs() {
  const studio = useStudio();
  const shell = useShell();
  const opening = useSession((state) => state.demoOpening);
  return (
    <div className={classes.nothing}>
      <strong>There are no photographs yet</strong>
      <p>
        Add a folder with {GOOD_COUNT.from} to {GOOD_COUNT.to} photographs of the product as it should be, taken the
        same way: same place, same light. Or try it with the demo.
      </p>
      <div className={setup.buttons}>
        <Button leftSection={<IconFolderPlus size={15} />} onClick={shell.chooseFolder}>
          Add a folder
        </Button>
        <Button variant="default" loading={opening} onClick={() => void studio.openDemo()}>
          Open the demo
        </Button>
      </div>
    </div>
  );
}

const TASKS: readonly { readonly task: TrainingTask; readonly title: string; readonly text: string }[] = [
  {
    task: 'generator',
    title: 'Generator',
    text: 'Makes pictures from edges. Train it first where results in Synthesize do not look like your product.',
  },
  {
    task: 'detector',
    title: 'Detector',
    text: 'Finds anomalies. Train it when synthetic anomalies look right: it learns from ones made on the fly.',
  },
  {
    task: 'edges',
    title: 'Edge detector',
    text: 'Finds the edges that everything else is made from. Teach it where you corrected them in Synthesize.',
  },
];

function Task() {
  const { training } = useStudio();
  const task = useSession((state) => state.training.setup.task);
  return (
    <SetupStep number={1} title="What to train">
      <Radio.Group
        value={task}
        onChange={(next) => training.chooseTask(next as TrainingTask)}
        aria-label="What to train"
      >
        <div className={setup.choices}>
          {TASKS.map(({ task: value, title, text }) => (
            <Radio.Card key={value} value={value} className={setup.choice}>
              <Radio.Indicator />
              <span className={setup.choiceText}>
                <strong>{title}</strong>
                <span>{text}</span>
              </span>
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
    </SetupStep>
  );
}

const CHOICES: Readonly<Record<PhotographChoice, { readonly title: string; readonly text: string }>> = {
  train: { title: 'Normal ones of the training split', text: 'As the dataset means them.' },
  spare: { title: 'All normal ones but those to test with', text: 'Training, validation and unsorted ones.' },
  normal: { title: 'All normal ones', text: 'Those of the test split too.' },
  one: { title: 'One photograph alone', text: 'Variations of a single picture.' },
};

function Photographs() {
  const { training } = useStudio();
  const datasets = useProject((state) => state.document.datasets);
  const images = useProject((state) => state.document.images);
  useProject((state) => state.document.corrections);
  // What these say depends on what is chosen, and on the dataset that is open.
  useSession((state) => state.training.setup);
  useSession((state) => state.datasetId);
  const task = useSession((state) => state.training.setup.task);
  const { datasetId, which } = training;
  const offers = useMemo(
    () => (datasetId === null ? [] : photographChoices({ images }, datasetId)),
    [images, datasetId],
  );
  const photographs = training.photographs();
  const list = Object.values(datasets).sort((a, b) => a.addedAt - b.addedAt);
  return (
    <SetupStep number={2} title="Photographs">
      <Select
        className={classes.dataset}
        aria-label="Dataset"
        allowDeselect={false}
        data={list.map(({ id, name }) => ({ value: id, label: name }))}
        value={datasetId}
        onChange={(id) => id !== null && training.chooseDataset(id)}
      />
      {task === 'edges' ? (
        <Corrected photographs={photographs} />
      ) : offers.length > 0 ? (
        <Radio.Group
          value={which}
          onChange={(next) => training.choosePhotographs(next as PhotographChoice)}
          aria-label="Photographs"
        >
          <div className={setup.choices}>
            {offers.map(({ which: value, count }) => (
              <Radio.Card key={value} value={value} className={setup.choice}>
                <Radio.Indicator />
                <span className={setup.choiceText}>
                  <strong>{CHOICES[value].title}</strong>
                  <span>
                    {countText(count, 'photograph')} · {CHOICES[value].text}
                  </span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
      ) : (
        <ErrorNote message="This dataset has no normal photographs: all of them show a defect. Add normal ones, or choose another dataset." />
      )}
      {task !== 'edges' && which === 'one' && datasetId !== null && (
        <Select
          className={classes.dataset}
          label="Which one"
          searchable
          limit={100}
          allowDeselect={false}
          data={imagesOf({ images }, datasetId).map(({ id, path }) => ({ value: id, label: path }))}
          value={photographs[0]?.id ?? null}
          onChange={(id) => id !== null && training.choosePhotographs('one', id)}
        />
      )}
      {task !== 'edges' && (
        <CountNote count={photographs.length} tested={photographs.some(({ split }) => split === 'test')} />
      )}
    </SetupStep>
  );
}

function Corrected({ photographs }: { readonly photographs: readonly ImageRecord[] }) {
  const studio = useStudio();
  const { datasetId } = studio.training;
  return (
    <>
      {photographs.length > 0 ? (
        <>
          <p className={classes.corrected}>
            {countText(photographs.length, 'corrected photograph')}: {photographs.map(({ name }) => name).join(', ')}
          </p>
          <Hint>
            It learns what was marked, and to stay as it is elsewhere. It is measured on the same photographs: look at
            others before you use it.
          </Hint>
        </>
      ) : (
        <Hint warns>
          No edges were corrected in this dataset yet. Open one of its pictures in Synthesize, draw a region where an
          edge is missing or invented, and say so under “Edge corrections”.
        </Hint>
      )}
      <Button
        className={classes.dataset}
        size="compact-sm"
        variant="default"
        leftSection={<IconPencil size={14} />}
        onClick={() => void studio.openForTrial(datasetId)}
      >
        Correct edges in Synthesize
      </Button>
    </>
  );
}

function CountNote({ count, tested }: { readonly count: number; readonly tested: boolean }) {
  const task = useSession((state) => state.training.setup.task);
  const plan = useSession((state) => state.training.setup.plan);
  const { from, to } = GOOD_COUNT;
  if (count === 0) return null;
  return (
    <>
      {count === 1 ? (
        <Hint warns={task === 'detector'}>
          {task === 'generator'
            ? 'Single-image mode: the picture is bent anew in every step, so that the generator learns to make variations of it. What it has not seen it cannot make.'
            : `From one photograph a detector cannot learn how normal ones differ: ${from} to ${to} give the best results.`}
        </Hint>
      ) : count < from ? (
        <Hint warns>
          {from} to {to} give the best results: from {count} the network may learn by heart what it should understand.
        </Hint>
      ) : (
        plan && (
          <Hint>
            {plan.training} are trained on, {plan.heldOut} held out to measure with.
            {count > to ? ` ${from} to ${to} would do as well.` : ''}
          </Hint>
        )
      )}
      {tested && (
        <Hint warns>
          Photographs to test with are among them: what Evaluate says of this test set will be too good.
        </Hint>
      )}
    </>
  );
}

function Hint({ warns = false, children }: { readonly warns?: boolean; readonly children: ReactNode }) {
  const Icon = warns ? IconAlertTriangle : IconInfoCircle;
  return (
    <p className={classes.hint} data-warns={warns || undefined}>
      <Icon size={14} aria-hidden />
      <span>{children}</span>
    </p>
  );
}

function Settings() {
  const plan = useSession((state) => state.training.setup.plan);
  const error = useSession((state) => state.training.setup.planError);
  const changes = useSession((state) => state.training.setup.changes);
  return (
    <SetupStep number={3} title="Settings">
      {error ? (
        <ErrorNote message={error.message} />
      ) : plan ? (
        <Fields plan={plan} config={configOf(plan, changes)} />
      ) : (
        <p className={setup.waiting} role="status">
          Looking at the network and the photographs…
        </p>
      )}
    </SetupStep>
  );
}

const LAYERS: Readonly<
  Record<TrainingTask, { readonly layers: readonly TrainingConfig['layers'][]; readonly text: string }>
> = {
  generator: { layers: ['all', 'decoder'], text: 'With few photographs, fewer layers learn less by heart.' },
  detector: {
    layers: ['all', 'localization'],
    text: 'Localization alone keeps what the network knows of normal pictures.',
  },
  edges: { layers: ['all', 'outputs'], text: 'With few corrections, outputs alone forget less of what it knew.' },
};

function Fields({ plan, config }: { readonly plan: TrainingPlan; readonly config: TrainingConfig }) {
  const { training } = useStudio();
  const name = useSession((state) => state.training.setup.name);
  const changed = useSession((state) => Object.keys(state.training.setup.changes).length > 0);
  const [advanced, { toggle }] = useDisclosure(false);
  const problem = configProblem(config, plan);
  return (
    <>
      <div className={classes.fields}>
        <TextInput
          inputWrapperOrder={ORDER}
          label="Name"
          description="Of the run; may be changed later."
          placeholder="After dataset and network"
          maxLength={120}
          value={name}
          onChange={(event) => training.setName(event.currentTarget.value)}
        />
        <Whole
          label="Image size, px"
          description={`Side${plan.multiple > 1 ? `, a multiple of ${plan.multiple}` : ''}. Twice as large takes four times as long.`}
          min={plan.multiple}
          max={2048}
          step={plan.multiple}
          value={config.size}
          onChange={(size) => training.change({ size })}
        />
        <Whole
          label="Steps"
          description="More bring more, until nothing improves; can be changed later."
          min={1}
          max={10_000_000}
          step={500}
          value={config.steps}
          onChange={(steps) => training.change({ steps })}
        />
        <Select
          label="Layers"
          inputWrapperOrder={ORDER}
          description={LAYERS[config.what].text}
          allowDeselect={false}
          data={LAYERS[config.what].layers.map((value) => ({ value, label: layersTitle(value) }))}
          value={config.layers}
          onChange={(next) => next !== null && training.change({ layers: next })}
        />
        {config.what === 'generator' && (
          <>
            <Percent
              label="Warped"
              description="Share of pictures that are bent, so that shapes vary."
              value={config.warp}
              onChange={(warp) => training.change({ warp })}
            />
            <Percent
              label="Mirrored"
              description="0 where there is writing, or left and right differ."
              value={config.mirror}
              onChange={(mirror) => training.change({ mirror })}
            />
          </>
        )}
        {config.what === 'detector' && (
          <Percent
            label="Normal ones"
            description="Share of pictures that are shown without an anomaly."
            value={config.normal}
            onChange={(normal) => training.change({ normal })}
          />
        )}
      </div>
      <button type="button" className={classes.fold} aria-expanded={advanced} onClick={toggle}>
        <IconChevronRight size={14} aria-hidden />
        Advanced
      </button>
      <Collapse expanded={advanced} transitionDuration={120}>
        <div className={classes.fields}>
          <Whole
            label="Pictures in a step"
            description="Halved by itself where memory does not suffice."
            min={1}
            max={256}
            step={1}
            value={config.batch}
            onChange={(batch) => training.change({ batch })}
          />
          <NumberInput
            label="Learning rate"
            inputWrapperOrder={ORDER}
            description="Peak; it falls towards the end. Lower it if training diverges."
            min={1e-7}
            max={1}
            step={1e-4}
            decimalScale={7}
            value={config.rate}
            onChange={(rate) => typeof rate === 'number' && rate > 0 && training.change({ rate })}
          />
          <Whole
            label="Seed"
            description="The same seed, photographs and machine give the same weights."
            min={0}
            max={2 ** 32}
            step={1}
            value={config.seed}
            onChange={(seed) => training.change({ seed })}
          />
          {config.what === 'generator' && (
            <>
              <Switch
                mt={20}
                label="Discriminator"
                description="A second network that judges results: sharper, and slower."
                checked={config.adversarialFrom < 1}
                onChange={(event) =>
                  training.change({ adversarialFrom: event.currentTarget.checked ? usualFrom(plan) : 1 })
                }
              />
              {config.adversarialFrom < 1 && (
                <Percent
                  label="It comes in after"
                  description="Share of the steps before it."
                  value={config.adversarialFrom}
                  onChange={(adversarialFrom) => training.change({ adversarialFrom: Math.min(0.99, adversarialFrom) })}
                />
              )}
            </>
          )}
        </div>
      </Collapse>
      {changed && (
        <Button
          mt={6}
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={<IconRestore size={14} />}
          onClick={() => training.unchange()}
        >
          Back to the suggested settings
        </Button>
      )}
      {problem !== null && <ErrorNote message={problem} />}
    </>
  );
}

function usualFrom({ config }: TrainingPlan): number {
  return config.what === 'generator' ? config.adversarialFrom : 1;
}

/** Fields stand in line, however long what is said of them. */
const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

interface NumberProps {
  readonly label: string;
  readonly description: string;
  readonly value: number;
  onChange(value: number): void;
}

function Whole({ onChange, ...props }: NumberProps & { min: number; max: number; step: number }) {
  return (
    <NumberInput
      inputWrapperOrder={ORDER}
      {...props}
      allowDecimal={false}
      allowNegative={false}
      onChange={(next) => typeof next === 'number' && onChange(next)}
    />
  );
}

/** A share, in per cent. */
function Percent({ value, onChange, ...props }: NumberProps) {
  return (
    <NumberInput
      inputWrapperOrder={ORDER}
      {...props}
      min={0}
      max={100}
      step={5}
      suffix=" %"
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
      value={Math.round(100 * value)}
      onChange={(next) => typeof next === 'number' && onChange(next / 100)}
    />
  );
}

function Start() {
  const { training } = useStudio();
  const plan = useSession((state) => state.training.setup.plan);
  const changes = useSession((state) => state.training.setup.changes);
  const busy = useSession((state) => state.training.underWay);
  const config = plan && configOf(plan, changes);
  const problem = plan && config && configProblem(config, plan);
  const wanting = busy
    ? `“${busy.name}” is under way. Pause it first.`
    : plan && problem === null
      ? null
      : 'Something is still missing above.';
  return (
    <section className={classes.launch} aria-label="Start">
      <div>
        {plan && config && problem === null && <Expectation plan={plan} config={config} />}
        <p>{wanting ?? 'It can be paused at any time, and goes on after a reload.'}</p>
      </div>
      <Button
        size="sm"
        leftSection={<IconPlayerPlay size={16} />}
        disabled={wanting !== null}
        onClick={() => void training.start()}
      >
        Start training
      </Button>
    </section>
  );
}

/** What computes, how long it will take, and what would make it shorter. */
function Expectation({ plan, config }: { readonly plan: TrainingPlan; readonly config: TrainingConfig }) {
  const { training } = useStudio();
  const pace = useSession((state) => state.training.setup.pace);
  const timing = useSession((state) => state.training.setup.timing);
  const offers = pace === null ? [] : shortenings(config, plan.multiple, pace);
  return (
    <>
      <p role="status">
        {pace !== null ? (
          <>
            This takes <strong>{durationText(secondsOf(config, pace))}</strong>: {countText(config.steps, 'step')} of{' '}
            {stepText(secondsOf({ ...config, steps: 1 }, pace))} each, within a factor of two.
          </>
        ) : timing ? (
          'Timing a step on this machine…'
        ) : (
          'How long it takes is seen after the first steps.'
        )}
      </p>
      {offers.length > 0 && (
        <div className={classes.shorter}>
          <span>Shorter:</span>
          {offers.map(({ label, seconds, change }) => (
            <Button
              key={label}
              size="compact-xs"
              variant="default"
              onClick={() => training.change(change satisfies TrainingSettings)}
            >
              {label}, {durationText(seconds)}
            </Button>
          ))}
        </div>
      )}
      <p>{plan.device}</p>
    </>
  );
}

function stepText(seconds: number): string {
  return seconds >= 1 ? `${Number(seconds.toPrecision(2))} s` : `${Math.max(1, Math.round(1000 * seconds))} ms`;
}
