import { Anchor, Button, FileButton, Modal, Progress } from '@mantine/core';
import { IconDownload, IconFileUpload, IconRestore, IconTrash } from '@tabler/icons-react';
import type { ModelInfo, NetworkOffer, NetworkTask } from '../../worker/api';
import type { Studio } from '../studio';
import classes from './app.module.css';
import { useSession, useStudio } from './context';

const TASKS: Readonly<Record<ModelInfo['task'], string>> = {
  edges: 'Edges',
  generator: 'Picture from edges',
  segmentation: 'Segmentation',
  detector: 'Anomaly detection',
};

/** Which networks the studio runs, under what licence, and which others may take their place. */
export function Networks() {
  const studio = useStudio();
  const open = useSession((state) => state.networksOpen);
  const networks = useSession((state) => state.networks);
  return (
    <Modal
      opened={open}
      onClose={() => studio.session.setState({ networksOpen: false })}
      title="Networks and weights"
      size={680}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.modalTitle }}
    >
      <ul className={classes.networks} aria-label="Networks in use">
        {networks?.map((network) => (
          <li key={network.id}>
            <div>
              <strong>{network.title}</strong>
              <span>{TASKS[network.task]}</span>
            </div>
            <p>
              {network.licence} · {megabytes(network.bytes)} · <code>{network.sha256.slice(0, 12)}</code>
            </p>
            {network.note !== undefined && <p role="status">{network.note}</p>}
          </li>
        ))}
        {networks?.length === 0 && <li>No network is installed.</li>}
      </ul>
      <Others task="edges" />
      <Others task="generator" />
      <Others task="segmentation" />
      <Others task="detector" />
      <p className={classes.networksNote}>
        Downloads are checked, stored on this machine, and work without a network from then on. Your own files are read
        here, too; nothing is sent anywhere.
      </p>
    </Modal>
  );
}

/** How a person brings a network of their own for a task, and goes back to the shipped one. */
const OWN: Readonly<
  Record<
    NetworkTask,
    {
      readonly choose: string;
      readonly accept: string;
      /** Whether it is more than one file. */
      readonly several: boolean;
      readonly back: string;
      /** Null: the shipped one. */
      use(studio: Studio, files: readonly File[] | null): Promise<void>;
    }
  >
> = {
  edges: {
    choose: 'Use a weight file',
    accept: '.onnx,.pth',
    several: false,
    back: 'Back to the shipped edge detector',
    use: (studio, files) => studio.useWeights(files && files[0]),
  },
  generator: {
    choose: 'Use a generator’s file',
    accept: '.onnx',
    several: false,
    back: 'Back to the shipped generator',
    use: (studio, files) => studio.useGenerator(files && files[0]),
  },
  segmentation: {
    choose: 'Use the two files of a SAM',
    accept: '.onnx',
    several: true,
    back: 'Back to the shipped segmenter',
    use: (studio, files) => studio.useSegmenter(files),
  },
  detector: {
    choose: 'Use a detector’s file',
    accept: '.onnx',
    several: false,
    back: 'Back to the shipped anomaly detector',
    use: (studio, files) => studio.useDetector(files && files[0]),
  },
};

/** What may do the task instead. */
function Others({ task }: { readonly task: NetworkTask }) {
  const studio = useStudio();
  const offers = useSession((state) => state.offers);
  const loading = useSession((state) => state.weightsLoading);
  const own = offers?.filter((offer) => offer.task === task) ?? [];
  const { choose, accept, several, back, use } = OWN[task];
  return (
    <section aria-label={`Other networks: ${TASKS[task]}`}>
      <h3 className={classes.networksHeading}>Other networks: {TASKS[task]}</h3>
      <ul className={classes.networks}>
        {own.map((offer) => (
          <Offer key={offer.id} offer={offer} />
        ))}
      </ul>
      <div className={classes.networksButtons}>
        {/* An array comes either way; what the system's dialog allows is another matter. */}
        <FileButton
          multiple
          inputProps={{ multiple: several }}
          accept={accept}
          onChange={(files) => files.length > 0 && void use(studio, files)}
        >
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileUpload size={15} />} loading={loading}>
              {choose}
            </Button>
          )}
        </FileButton>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconRestore size={15} />}
          disabled={loading}
          onClick={() => void use(studio, null)}
        >
          {back}
        </Button>
      </div>
    </section>
  );
}

function Offer({ offer }: { readonly offer: NetworkOffer }) {
  const studio = useStudio();
  const loading = useSession((state) => state.weightsLoading);
  const download = useSession((state) => state.download);
  const mine = download?.id === offer.id ? download : null;
  const stored = offer.state === 'stored';
  const about = offer.files.some(({ trust, sha256 }) => trust === 'first-use' && sha256 === null);
  return (
    <li>
      <div>
        <strong>{offer.title}</strong>
        <span>{offer.inUse ? 'in use' : mine ? 'downloading' : stored ? 'stored' : 'available'}</span>
      </div>
      <p>
        {offer.licence} · {about && 'about '}
        {megabytes(offer.bytes)}
        {offer.page !== null && (
          <>
            {' · '}
            <Anchor href={offer.page} target="_blank" rel="noreferrer" inherit underline="always">
              authors
            </Anchor>
          </>
        )}
      </p>
      <p>{trustOf(offer)}</p>
      {mine ? (
        <div>
          <Progress
            className={classes.networksProgress}
            value={mine.progress ? (100 * mine.progress.done) / mine.progress.total : 0}
            aria-label={`Downloading ${offer.title}`}
          />
          <Button size="compact-xs" variant="subtle" onClick={() => void studio.worker.cancel(mine.job)}>
            Cancel
          </Button>
        </div>
      ) : (
        <div className={classes.networksButtons}>
          {!stored && (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconDownload size={13} />}
              disabled={download !== null}
              aria-label={`Accept the licence of ${offer.title} and download it`}
              onClick={() => void studio.downloadOffer(offer)}
            >
              Accept the licence and download
            </Button>
          )}
          {stored && !offer.inUse && (
            <>
              <Button
                size="compact-xs"
                variant="default"
                loading={loading}
                aria-label={`Use ${offer.title}`}
                onClick={() => void studio.useOffer(offer)}
              >
                Use
              </Button>
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                leftSection={<IconTrash size={13} />}
                aria-label={`Remove ${offer.title} from storage`}
                onClick={() => void studio.removeOffer(offer)}
              >
                Remove from storage
              </Button>
            </>
          )}
        </div>
      )}
    </li>
  );
}

/** What vouches for the files, in a sentence. */
function trustOf({ files }: NetworkOffer): string {
  const hashes = files.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256.slice(0, 12)])).join(', ');
  if (files.some(({ trust }) => trust === 'own')) return hashes ? `SHA-256 ${hashes}` : 'Until the page is closed.';
  if (files.every(({ trust }) => trust === 'published')) return `Held against the known SHA-256 ${hashes}.`;
  return hashes === ''
    ? 'No SHA-256 is known beforehand: that of your first download is shown here, and demanded from then on.'
    : `SHA-256 ${hashes}, remembered from your first download and demanded since.`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)}\u00a0MB`;
}
