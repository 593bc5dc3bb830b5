import { Button, FileButton, Modal } from '@mantine/core';
import { IconFileUpload, IconRestore } from '@tabler/icons-react';
import type { ModelInfo } from '../../worker/api';
import classes from './app.module.css';
import { useSession, useStudio } from './context';

const TASKS: Readonly<Record<ModelInfo['task'], string>> = {
  edges: 'Edges',
  generator: 'Picture from edges',
  segmentation: 'Segmentation',
  detector: 'Anomaly detection',
};

/** Which networks the studio runs, under what licence, and how to bring one's own edge detector. */
export function Networks() {
  const studio = useStudio();
  const open = useSession((state) => state.networksOpen);
  const networks = useSession((state) => state.networks);
  const loading = useSession((state) => state.weightsLoading);
  return (
    <Modal
      opened={open}
      onClose={() => studio.session.setState({ networksOpen: false })}
      title="Networks and weights"
      size={620}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.modalTitle }}
    >
      <ul className={classes.networks}>
        {networks?.map((network) => (
          <li key={network.id}>
            <div>
              <strong>{network.title}</strong>
              <span>{TASKS[network.task]}</span>
            </div>
            <p>
              {network.licence} · {(network.bytes / 1e6).toFixed(1)} MB · <code>{network.sha256.slice(0, 12)}</code>
            </p>
          </li>
        ))}
        {networks?.length === 0 && <li>No network is installed.</li>}
      </ul>
      <p className={classes.networksNote}>
        An official PiDiNet checkpoint (.pth) or a network in ONNX format (.onnx) can find the edges instead. It is read
        on this machine, and used until the page is closed.
      </p>
      <div className={classes.networksButtons}>
        <FileButton accept=".onnx,.pth" onChange={(file) => file && void studio.useWeights(file)}>
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileUpload size={15} />} loading={loading}>
              Use a weight file
            </Button>
          )}
        </FileButton>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconRestore size={15} />}
          disabled={loading}
          onClick={() => void studio.useWeights(null)}
        >
          Back to the shipped detector
        </Button>
      </div>
    </Modal>
  );
}
