import { Button, FileButton, Loader, Radio } from '@mantine/core';
import { IconFileUpload, IconFolder, IconPlayerPlay, IconRestore } from '@tabler/icons-react';
import { useMemo, useRef, type ChangeEvent, type ReactNode } from 'react';
import { LAYOUT_TITLES } from '../../../datasets/layouts';
import { countText } from '../../../project/evaluation-text';
import type { ModelInfo, TestSetInfo } from '../../../worker/api';
import { useProject, useSession, useStudio } from '../../app/context';
import { chosenFiles } from '../../drop';
import { importedInfos } from '../../evaluating';
import type { TestSetKind } from '../../evaluation-view';
import { ErrorNote } from '../../parts/ErrorNote';
import { JobProgress } from '../../parts/JobProgress';
import { SetupStep } from '../../parts/SetupStep';
import { timeLeft } from '../../parts/time';
import classes from './evaluate.module.css';

/** What the next evaluation is of: a test set, and where its anomaly maps come from. */
export function Setup() {
  const error = useSession((state) => state.evaluation.error);
  return (
    <section className={classes.setup} aria-label="New evaluation">
      <div className={classes.setupBody}>
        <h1>New evaluation</h1>
        <p className={classes.lead}>
          Hold a detector, or anyone’s anomaly maps, against images whose defects are known. Nothing leaves this
          machine.
        </p>
        <TestSets />
        <Maps />
        {error && <ErrorNote message={error.message} />}
        <Start />
      </div>
    </section>
  );
}

function TestSets() {
  const { evaluating } = useStudio();
  const { demo, folder, testSet } = useSession((state) => state.evaluation.setup);
  const datasets = useProject((state) => state.document.datasets);
  const images = useProject((state) => state.document.images);
  const imported = useMemo(() => importedInfos({ datasets, images }), [datasets, images]);
  const busy = useSession((state) => state.evaluation.running !== null);
  const value = testSet ? `${testSet.kind}/${testSet.object}` : null;
  const choose = (next: string) => {
    const [kind, ...object] = next.split('/');
    void evaluating.chooseTestSet(kind as TestSetKind, object.join('/'));
  };
  return (
    <SetupStep number={1} title="Test set">
      <Radio.Group value={value} onChange={choose} aria-label="Test set">
        <div className={classes.choices}>
          {demo?.map((set) => (
            <SetChoice key={set.object} kind="demo" set={set} where="Demo" disabled={busy} />
          ))}
          {imported.map((set) => (
            <SetChoice key={set.object} kind="imported" set={set} where="Imported" disabled={busy} />
          ))}
          {folder?.sets?.map((set) => (
            <SetChoice key={set.object} kind="folder" set={set} where={LAYOUT_TITLES[set.layout]} disabled={busy} />
          ))}
        </div>
      </Radio.Group>
      {!demo && <Waiting>Reading the demo’s list…</Waiting>}
      {folder && !folder.sets && <Waiting>Looking through {folder.name}…</Waiting>}
      {folder?.error && <ErrorNote message={folder.error.message} />}
      <FolderButton
        label={folder ? 'Choose another folder' : 'Choose a folder'}
        name="Folder of a test set"
        testId="testset-input"
        disabled={busy}
        onFiles={(files) => void evaluating.takeTestSet(files)}
      />
      <span className={classes.buttonNote}>In MVTec AD, LOCO, AD 2 or VisA layout, or drop it anywhere here.</span>
    </SetupStep>
  );
}

function SetChoice({
  kind,
  set,
  where,
  disabled,
}: {
  kind: TestSetKind;
  set: TestSetInfo;
  where: string;
  disabled: boolean;
}) {
  const { object, title, good, anomalous, problem } = set;
  return (
    <Radio.Card value={`${kind}/${object}`} disabled={disabled || problem !== null} className={classes.choice}>
      <Radio.Indicator />
      <span className={classes.choiceText}>
        <strong>{title}</strong>
        <span>{problem ? problem.message : `${where} · ${good} good · ${anomalous} anomalous`}</span>
      </span>
    </Radio.Card>
  );
}

function Maps() {
  const { evaluating } = useStudio();
  const { maps, mapsFolder } = useSession((state) => state.evaluation.setup);
  const detector = useSession((state) => state.detection.network);
  const loading = useSession((state) => state.weightsLoading);
  const busy = useSession((state) => state.evaluation.running !== null);
  return (
    <SetupStep number={2} title="Anomaly maps">
      <Radio.Group
        value={maps}
        onChange={(next) => evaluating.chooseMaps(next as 'detector' | 'maps')}
        aria-label="Anomaly maps"
      >
        <div className={classes.choices}>
          <Radio.Card value="detector" disabled={busy || !detector} className={classes.choice}>
            <Radio.Indicator />
            <span className={classes.choiceText}>
              <strong>{detector?.title ?? 'A detector'}</strong>
              <span>{detectorText(detector)}</span>
            </span>
          </Radio.Card>
          <Radio.Card value="maps" disabled={busy} className={classes.choice}>
            <Radio.Indicator />
            <span className={classes.choiceText}>
              <strong>{mapsFolder?.name ?? 'A folder of maps'}</strong>
              <MapsText />
            </span>
          </Radio.Card>
        </div>
      </Radio.Group>
      {mapsFolder?.error && <ErrorNote message={mapsFolder.error.message} />}
      <MissingMaps />
      <div className={classes.buttons}>
        <FolderButton
          label={mapsFolder ? 'Choose another folder of maps' : 'Choose a folder of maps'}
          name="Folder of anomaly maps"
          testId="maps-input"
          disabled={busy}
          onFiles={(files) => void evaluating.takeMaps(files)}
        />
        <FileButton accept=".onnx" onChange={(file) => file && void evaluating.useDetector(file)}>
          {(props) => (
            <Button
              {...props}
              variant="default"
              leftSection={<IconFileUpload size={15} />}
              loading={loading}
              disabled={busy}
            >
              Use a detector file
            </Button>
          )}
        </FileButton>
        {detector?.state === 'cached' && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconRestore size={15} />}
            disabled={busy || loading}
            onClick={() => void evaluating.useDetector(null)}
          >
            Back to the shipped detector
          </Button>
        )}
      </div>
    </SetupStep>
  );
}

function detectorText(detector: ModelInfo | null | undefined): string {
  if (detector === undefined) return 'Looking for it…';
  if (!detector) return 'No detector comes with this build of the studio. Bring the .onnx file of one.';
  const origin = detector.state === 'shipped' ? 'comes with the studio' : 'your file';
  return `The detector in use, ${origin} · ${(detector.bytes / 1e6).toFixed(1)} MB · ${detector.sha256.slice(0, 12)}`;
}

function MapsText() {
  const folder = useSession((state) => state.evaluation.setup.mapsFolder);
  const chosen = useSession((state) => state.evaluation.setup.testSet !== null);
  if (!folder)
    return <span>One .tiff or .npy a test image, as the official evaluations of MVTec AD and LOCO want them.</span>;
  if (!chosen) return <span>{countText(folder.files.length, 'file')}. Choose a test set they belong to.</span>;
  if (folder.error) return <span>Does not fit the chosen test set.</span>;
  if (!folder.found) return <span>Looking for the images’ maps…</span>;
  const { total, found, unused, example } = folder.found;
  const rest = unused > 0 ? ` ${countText(unused, 'map')} of no test image.` : '';
  return (
    <span>
      {found} of {total} test images have a map, e.g. {example}.{rest}
    </span>
  );
}

/** Names what will be left out, before it is. */
function MissingMaps() {
  const found = useSession((state) => state.evaluation.setup.mapsFolder?.found);
  const maps = useSession((state) => state.evaluation.setup.maps);
  if (maps !== 'maps' || !found || found.missing.length === 0) return null;
  return (
    <details className={classes.missing}>
      <summary>{countText(found.missing.length, 'image')} without a map will be left out of the figures</summary>
      <ul>
        {found.missing.slice(0, 100).map(({ message }) => (
          <li key={message}>{message}</li>
        ))}
        {found.missing.length > 100 && <li>and {found.missing.length - 100} more.</li>}
      </ul>
    </details>
  );
}

function Start() {
  const { evaluating } = useStudio();
  const running = useSession((state) => state.evaluation.running);
  const { maps, mapsFolder } = useSession((state) => state.evaluation.setup);
  const detector = useSession((state) => state.detection.network);
  const ready = useSession((state) => state.evaluation.setup.testSet !== null);
  if (running) {
    const { progress, startedAt, title } = running;
    return (
      <JobProgress
        label={`Evaluating ${title}`}
        progress={progress}
        aside={progress && <span>{timeLeft(progress, startedAt)}</span>}
        action={
          <Button variant="default" onClick={() => void evaluating.cancel()}>
            Cancel
          </Button>
        }
      />
    );
  }
  const hasMaps = maps === 'detector' ? Boolean(detector) : Boolean(mapsFolder?.found);
  const wanting = !ready ? 'Choose a test set.' : hasMaps ? null : 'Choose where its anomaly maps come from.';
  return (
    <div className={classes.start}>
      <Button
        size="sm"
        leftSection={<IconPlayerPlay size={16} />}
        disabled={wanting !== null}
        onClick={() => void evaluating.start()}
      >
        Evaluate
      </Button>
      <span className={classes.buttonNote}>{wanting}</span>
    </div>
  );
}

function Waiting({ children }: { children: ReactNode }) {
  return (
    <p className={classes.waiting} role="status">
      <Loader size={12} /> {children}
    </p>
  );
}

function FolderButton({
  label,
  name,
  testId,
  disabled,
  onFiles,
}: {
  label: string;
  name: string;
  testId: string;
  disabled: boolean;
  onFiles: (files: ReturnType<typeof chosenFiles>) => void;
}) {
  const input = useRef<HTMLInputElement | null>(null);
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const files = event.currentTarget.files && chosenFiles(event.currentTarget.files);
    if (files && files.length > 0) onFiles(files);
    // The same folder can be chosen again.
    event.currentTarget.value = '';
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFolder size={15} />}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {label}
      </Button>
      <input
        ref={(element) => {
          input.current = element;
          element?.setAttribute('webkitdirectory', '');
        }}
        type="file"
        multiple
        hidden
        aria-label={name}
        data-testid={testId}
        onChange={take}
      />
    </>
  );
}
