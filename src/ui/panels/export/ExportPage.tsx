import { Button, Checkbox, Progress, Switch, TextInput } from '@mantine/core';
import { IconFileZip, IconFolder, IconPhoto, IconFileText } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { categoryName } from '../../../datasets/mvtec-ad';
import type { Variant } from '../../../project/document';
import { useProject, useSession, useStudio } from '../../app/context';
import { Thumbnail } from '../../parts/Thumbnail';
import { timeLeft } from '../../parts/time';
import { variantsInOrder } from '../../studio';
import { categoryProblem } from './category';
import classes from './export.module.css';

const ROW = 64;

/** Kept results become a labelled set in the MVTec AD layout. */
export function ExportPage() {
  const studio = useStudio();
  const document = useProject((state) => state.document);
  const unexported = useSession((state) => state.unexported);
  const exporting = useSession((state) => state.exporting);
  const includeNormals = useSession((state) => state.includeNormals);
  const typed = useSession((state) => state.category);
  const list = useMemo(() => variantsInOrder(document), [document]);
  const chosen = list.filter(({ id }) => !unexported.has(id));
  const datasetName = useMemo(() => {
    const image = list[0] && document.images[list[0].imageId];
    return image ? (document.datasets[image.datasetId]?.name ?? '') : '';
  }, [list, document]);
  const category = typed ?? categoryName(datasetName);
  const problem = categoryProblem(category);
  const normals = useMemo(() => {
    const datasets = new Set(chosen.map(({ imageId }) => document.images[imageId]?.datasetId));
    return Object.values(document.images).filter(
      ({ datasetId, label, split }) => datasets.has(datasetId) && label === 'good' && split !== 'test',
    ).length;
  }, [chosen, document.images]);

  if (list.length === 0) {
    return (
      <div className={classes.nothing}>
        <IconFileZip size={34} stroke={1.2} aria-hidden />
        <h1>Nothing to export yet</h1>
        <p>Keep a result (K) while you synthesize; it becomes a pair of picture and mask here.</p>
        <Button variant="default" onClick={() => studio.go('synthesize')}>
          Go to Synthesize
        </Button>
      </div>
    );
  }
  const all = chosen.length === list.length;
  return (
    <div className={classes.page}>
      <section className={classes.list} aria-label="Kept results">
        <div className={classes.listHead}>
          <Checkbox
            aria-label="Export all"
            checked={all}
            indeterminate={!all && chosen.length > 0}
            disabled={exporting !== null}
            onChange={() =>
              studio.session.setState({ unexported: all ? new Set(list.map(({ id }) => id)) : new Set() })
            }
          />
          <h1>Kept results</h1>
          <span role="status">
            {chosen.length} of {list.length} chosen
          </span>
        </div>
        <VariantRows list={list} />
      </section>
      <aside className={classes.settings} aria-label="Export settings">
        <div className={classes.settingsBody}>
          <TextInput
            label="Category"
            description="Name of the folder, e.g. pin_tray"
            value={category}
            error={problem}
            disabled={exporting !== null}
            onChange={(event) => studio.session.setState({ category: event.currentTarget.value })}
          />
          <Switch
            mt={16}
            label="Include the normal images"
            description={`${normals} photographs for train/good`}
            checked={includeNormals}
            disabled={exporting !== null}
            onChange={(event) => studio.session.setState({ includeNormals: event.currentTarget.checked })}
          />
          <h2 className={classes.previewTitle}>What the zip holds</h2>
          <Layout category={category} chosen={chosen} normals={includeNormals ? normals : 0} />
        </div>
        <Action category={category} ready={problem === null && chosen.length > 0} count={chosen.length} />
      </aside>
    </div>
  );
}

function VariantRows({ list }: { list: readonly Variant[] }) {
  const studio = useStudio();
  const images = useProject((state) => state.document.images);
  const unexported = useSession((state) => state.unexported);
  const exporting = useSession((state) => state.exporting !== null);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 6,
  });
  return (
    <div ref={scroller} className={classes.scroller}>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start, key }) => {
          const variant = list[index];
          const image = images[variant.imageId];
          return (
            <div key={key} className={classes.row} style={{ transform: `translateY(${start}px)` }}>
              <Checkbox
                aria-label={`Export ${variant.name}`}
                checked={!unexported.has(variant.id)}
                disabled={exporting}
                onChange={(event) => studio.toggleExported(variant.id, event.currentTarget.checked)}
              />
              <span className={classes.pair}>
                <span>
                  <Thumbnail source={{ kind: 'blob', sha256: variant.thumbnail }} />
                </span>
                <span>
                  <Thumbnail source={{ kind: 'blob', sha256: variant.mask }} />
                </span>
              </span>
              <span className={classes.rowText}>
                <strong>{variant.name}</strong>
                <span>
                  {image?.path} · {variant.recipe.operation} · {variant.recipe.renderer.kind}
                </span>
              </span>
              {variant.measure.warnings.length > 0 && (
                <span className={classes.warned} title={variant.measure.warnings.join('\n')}>
                  {variant.measure.warnings.length === 1 ? '1 warning' : `${variant.measure.warnings.length} warnings`}
                </span>
              )}
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                aria-label={`Open ${variant.name}`}
                onClick={() => void studio.restoreVariant(variant.id)}
              >
                Open
              </Button>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The folders as they will be, with how many files are in each. */
function Layout({ category, chosen, normals }: { category: string; chosen: readonly Variant[]; normals: number }) {
  const classesOf = new Map<string, number>();
  for (const { recipe } of chosen) classesOf.set(recipe.operation, (classesOf.get(recipe.operation) ?? 0) + 1);
  const defects = [...classesOf].sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <ul className={classes.tree}>
      <li>
        <Node kind="folder" name={category || '…'} />
        <ul>
          {normals > 0 && (
            <li>
              <Node kind="folder" name="train/good" count={normals} />
            </li>
          )}
          {defects.map(([defect, count]) => (
            <li key={defect}>
              <Node kind="images" name={`test/${defect}`} count={count} />
            </li>
          ))}
          {defects.map(([defect, count]) => (
            <li key={defect}>
              <Node kind="images" name={`ground_truth/${defect}`} count={count} />
            </li>
          ))}
        </ul>
      </li>
      <li>
        <Node kind="folder" name={`recipes/${category}`} count={chosen.length} />
      </li>
      <li>
        <Node kind="file" name={`manifest-${category}.json`} />
      </li>
    </ul>
  );
}

function Node({ kind, name, count }: { kind: 'folder' | 'images' | 'file'; name: string; count?: number }) {
  const Icon = kind === 'folder' ? IconFolder : kind === 'images' ? IconPhoto : IconFileText;
  return (
    <span className={classes.node}>
      <Icon size={14} stroke={1.6} aria-hidden />
      <span>{name}</span>
      {count !== undefined && <em>{count}</em>}
    </span>
  );
}

function Action({ category, ready, count }: { category: string; ready: boolean; count: number }) {
  const studio = useStudio();
  const exporting = useSession((state) => state.exporting);
  if (exporting) {
    const { progress, job, startedAt } = exporting;
    return (
      <div className={classes.action}>
        <div className={classes.progressHead}>
          <span>{progress ? `${progress.done} of ${progress.total}` : 'Starting'}</span>
          <span>{progress ? timeLeft(progress, startedAt) : ''}</span>
        </div>
        <Progress
          size={5}
          aria-label="Export progress"
          value={progress ? (100 * progress.done) / Math.max(1, progress.total) : 0}
        />
        <Button mt={10} fullWidth variant="default" onClick={() => void studio.cancel(job)}>
          Cancel
        </Button>
      </div>
    );
  }
  return (
    <div className={classes.action}>
      <Button
        fullWidth
        size="sm"
        leftSection={<IconFileZip size={16} />}
        disabled={!ready}
        onClick={() => void studio.exportZip(category)}
      >
        Export {count} {count === 1 ? 'pair' : 'pairs'} as zip
      </Button>
    </div>
  );
}
