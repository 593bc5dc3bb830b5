import {
  ActionIcon,
  Button,
  CloseButton,
  Menu,
  Progress,
  Select,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconDotsVertical,
  IconFolderPlus,
  IconPhotoPlus,
  IconPlayerPlay,
  IconSearch,
  IconTrash,
} from '@tabler/icons-react';
import { useMemo } from 'react';
import type { DatasetRecord, ImageRecord } from '../../../project/document';
import { useProject, useSession, useShell, useStudio } from '../../app/context';
import { imagesOf } from '../../dataset-images';
import { timeLeft } from '../../parts/time';
import classes from './dataset.module.css';
import { ImageGrid } from './ImageGrid';

const LAYOUT_NAMES: Readonly<Record<DatasetRecord['layout'], string>> = {
  'mvtec-loco': 'MVTec LOCO layout',
  'mvtec-ad': 'MVTec AD layout',
  'mvtec-ad-2': 'MVTec AD 2 layout',
  visa: 'VisA layout',
  images: 'Plain images',
};

export function DatasetPage() {
  return (
    <div className={classes.page}>
      <Sidebar />
      <Gallery />
    </div>
  );
}

function Sidebar() {
  const studio = useStudio();
  const shell = useShell();
  const datasets = useProject((state) => state.document.datasets);
  const images = useProject((state) => state.document.images);
  const importing = useSession((state) => state.importing !== null);
  const demoOpening = useSession((state) => state.demoOpening);
  const current = useSession((state) => state.datasetId);
  const counts = useMemo(() => {
    const tally = new Map<string, number>();
    for (const { datasetId } of Object.values(images)) tally.set(datasetId, (tally.get(datasetId) ?? 0) + 1);
    return tally;
  }, [images]);
  const list = Object.values(datasets).sort((a, b) => a.addedAt - b.addedAt);
  return (
    <aside className={classes.sidebar} aria-label="Datasets">
      <div className={classes.sidebarHead}>
        <h2>Datasets</h2>
      </div>
      <ul className={classes.datasets}>
        {list.map((dataset) => (
          <li key={dataset.id} className={classes.dataset} data-current={dataset.id === current || undefined}>
            <UnstyledButton
              className={classes.datasetButton}
              aria-current={dataset.id === current}
              onClick={() =>
                studio.session.setState({ datasetId: dataset.id, filter: { query: '', split: null, label: null } })
              }
            >
              <span className={classes.datasetName}>{dataset.name}</span>
              <span className={classes.datasetNote}>
                {counts.get(dataset.id) ?? 0} images · {dataset.builtIn ? 'demo' : LAYOUT_NAMES[dataset.layout]}
              </span>
            </UnstyledButton>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`More for ${dataset.name}`} size={24} className={classes.more}>
                  <IconDotsVertical size={15} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => studio.removeDataset(dataset.id)}>
                  Remove from the studio
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </li>
        ))}
      </ul>
      <Problems />
      <div className={classes.add}>
        <Import />
        <Button
          fullWidth
          variant="default"
          leftSection={<IconFolderPlus size={15} />}
          disabled={importing}
          onClick={shell.chooseFolder}
        >
          Add a folder
        </Button>
        <div className={classes.addMore}>
          <Button
            variant="subtle"
            color="gray"
            size="compact-xs"
            leftSection={<IconPhotoPlus size={14} />}
            disabled={importing}
            onClick={shell.chooseFiles}
          >
            Single images
          </Button>
          {!list.some(({ builtIn }) => builtIn) && (
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              leftSection={<IconPlayerPlay size={14} />}
              loading={demoOpening}
              onClick={() => void studio.openDemo()}
            >
              Demo
            </Button>
          )}
        </div>
      </div>
    </aside>
  );
}

function Import() {
  const studio = useStudio();
  const importing = useSession((state) => state.importing);
  if (!importing) return null;
  const { progress, startedAt, job } = importing;
  const share = progress ? (100 * progress.done) / Math.max(1, progress.total) : 0;
  return (
    <div className={classes.import} role="group" aria-label="Import">
      <div className={classes.importHead}>
        <span>{progress ? `Importing ${progress.done} of ${progress.total}` : 'Reading the folder'}</span>
        <Tooltip label="Cancel the import">
          <CloseButton size="xs" aria-label="Cancel the import" onClick={() => void studio.cancel(job)} />
        </Tooltip>
      </div>
      <Progress size={4} value={share} aria-label="Import progress" animated={!progress} />
      <span className={classes.importNote}>{progress ? timeLeft(progress, startedAt) : ''}</span>
    </div>
  );
}

function Problems() {
  const studio = useStudio();
  const problems = useSession((state) => state.problems);
  if (problems.length === 0) return <div className={classes.filler} />;
  return (
    <section className={classes.problems} aria-label="Problems">
      <div className={classes.problemsHead}>
        <IconAlertTriangle size={14} aria-hidden />
        <span>
          {problems.length} {problems.length === 1 ? 'file' : 'files'} left out
        </span>
        <CloseButton
          size="xs"
          aria-label="Dismiss the problems"
          onClick={() => studio.session.setState({ problems: [] })}
        />
      </div>
      <ul tabIndex={0} aria-label="Files left out">
        {problems.slice(0, 200).map((problem, i) => (
          <li key={i}>{problem.message}</li>
        ))}
        {problems.length > 200 && <li>and {problems.length - 200} more.</li>}
      </ul>
    </section>
  );
}

const SPLIT_NAMES: Readonly<Record<ImageRecord['split'], string>> = {
  train: 'Train',
  validation: 'Validation',
  test: 'Test',
  unsorted: 'Unsorted',
};

function Gallery() {
  const studio = useStudio();
  const datasetId = useSession((state) => state.datasetId);
  const { query, split, label } = useSession((state) => state.filter);
  const document = useProject((state) => state.document);
  const dataset = datasetId === null ? undefined : document.datasets[datasetId];
  const { images } = document;
  const all = useMemo(() => (datasetId === null ? [] : imagesOf({ images }, datasetId)), [images, datasetId]);
  const splits = useMemo(() => [...new Set(all.map((image) => image.split))], [all]);
  const labels = useMemo(() => [...new Set(all.map((image) => image.label))].sort(), [all]);
  const shown = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    return all.filter(
      (image) =>
        (split === null || image.split === split) &&
        (label === null || image.label === label) &&
        (wanted === '' || image.path.toLowerCase().includes(wanted)),
    );
  }, [all, query, split, label]);
  const marks = useMemo(() => {
    const kept = new Map<string, number>();
    for (const { imageId } of Object.values(document.variants)) kept.set(imageId, (kept.get(imageId) ?? 0) + 1);
    return kept;
  }, [document.variants]);

  if (!dataset) return <div className={classes.nothing}>Choose a dataset, or add a folder of photographs.</div>;
  return (
    <section className={classes.gallery} aria-label={dataset.name}>
      <div className={classes.bar}>
        <div className={classes.titles}>
          <h1>{dataset.name}</h1>
          {(dataset.description || dataset.licence) && (
            <Text size="sm" c="dimmed" lineClamp={1} title={dataset.description}>
              {[dataset.description, dataset.licence].filter(Boolean).join(' · ')}
            </Text>
          )}
        </div>
        <div className={classes.filters}>
          <TextInput
            w={180}
            aria-label="Search by file name"
            placeholder="Search by name"
            leftSection={<IconSearch size={14} />}
            value={query}
            onChange={(event) => studio.setFilter({ query: event.currentTarget.value })}
          />
          <Select
            w={124}
            aria-label="Split"
            placeholder="All splits"
            clearable
            disabled={splits.length < 2}
            data={splits.map((value) => ({ value, label: SPLIT_NAMES[value] }))}
            value={split}
            onChange={(value) => studio.setFilter({ split: value })}
          />
          <Select
            w={150}
            aria-label="Label"
            placeholder="All labels"
            clearable
            searchable={labels.length > 8}
            disabled={labels.length < 2}
            data={labels.map((value) => ({ value, label: value.replaceAll('_', ' ') }))}
            value={label}
            onChange={(value) => studio.setFilter({ label: value })}
          />
          <span className={classes.tally} role="status">
            {shown.length === all.length ? `${all.length} images` : `${shown.length} of ${all.length}`}
          </span>
        </div>
      </div>
      {shown.length > 0 ? (
        <ImageGrid key={dataset.id} images={shown} kept={marks} drafts={document.drafts} />
      ) : (
        <div className={classes.nothing}>
          {all.length === 0 ? 'No images yet.' : 'No image matches. Clear the search or the filters.'}
        </div>
      )}
    </section>
  );
}
