import { Button, Loader, Progress } from '@mantine/core';
import { IconAlertTriangle, IconArrowsHorizontal, IconSparkles } from '@tabler/icons-react';
import { useEffect, useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { useImage, useRegionEmpty, useProject, useSession, useStudio } from '../app/context';
import classes from './canvas.module.css';
import { HeatLegend } from './HeatLegend';
import { LayersCard } from './LayersCard';
import { CanvasView } from './view';

const DRAWING_KEYS = 'Enter puts a shape in the middle, arrow keys move it, Alt and arrow keys resize it.';
const SMART_KEYS =
  'Arrow keys move a crosshair, Enter takes the part under it, Shift and Enter or Alt and Enter refine it, Tab changes its size, Escape lets go.';

/** The canvas with what lies on it: layers, the wipe's handle, labels, and sentences where there is nothing to show. */
export function CanvasPane() {
  const studio = useStudio();
  const container = useRef<HTMLDivElement>(null);
  const divider = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!container.current || !divider.current) return;
    const view = new CanvasView(studio, container.current, divider.current);
    studio.attachCanvas(view);
    return () => {
      studio.attachCanvas(null);
      view.destroy();
    };
  }, [studio]);
  const image = useImage();
  const smart = useSession((state) => state.tool === 'smart');
  return (
    <div className={classes.pane}>
      <div
        ref={container}
        className={classes.stage}
        data-canvas
        data-testid="canvas"
        tabIndex={0}
        role="application"
        aria-label={`Canvas${image ? `: ${image.name}` : ''}. ${smart ? SMART_KEYS : DRAWING_KEYS}`}
      />
      <Divider handle={divider} />
      <PaneLabels />
      <LayersCard />
      <HeatLegend />
      <Messages />
    </div>
  );
}

function Divider({ handle }: { handle: React.RefObject<HTMLDivElement | null> }) {
  const studio = useStudio();
  const wipe = useSession((state) => state.wipe);
  const set = (next: number) => studio.session.setState({ wipe: Math.min(1, Math.max(0, next)) });
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const { opened, zoom } = studio.session.getState();
    if (opened) set(studio.session.getState().wipe + event.movementX / (opened.width * zoom));
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 0.1 : 0.01;
    const next: Record<string, number> = {
      ArrowLeft: wipe - step,
      ArrowRight: wipe + step,
      Home: 0,
      End: 1,
      PageUp: wipe + 0.1,
      PageDown: wipe - 0.1,
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    event.stopPropagation();
    set(next[event.key]);
  };
  return (
    <div
      ref={handle}
      className={classes.divider}
      role="slider"
      tabIndex={0}
      aria-label="Wipe between before and after"
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(wipe * 100)}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.focus();
      }}
      onPointerMove={drag}
      onDoubleClick={() => set(0.5)}
      onKeyDown={keys}
      hidden
    >
      <span className={classes.grip}>
        <IconArrowsHorizontal size={14} aria-hidden />
      </span>
    </div>
  );
}

function PaneLabels() {
  const viewMode = useSession((state) => state.viewMode);
  const compareId = useSession((state) => state.compareId);
  const peeking = useSession((state) => state.peeking);
  const opened = useSession((state) => state.opened !== null);
  const variant = useProject((state) => (compareId === null ? undefined : state.document.variants[compareId]));
  if (!opened) return null;
  const before = variant?.name ?? 'Before';
  if (peeking) return <span className={classes.label}>{before}</span>;
  switch (viewMode) {
    case 'single':
      return null;
    case 'wipe':
    case 'split':
      return (
        <>
          <span className={classes.label}>{before}</span>
          <span className={classes.label} data-at={viewMode === 'split' ? 'middle' : 'right'}>
            After
          </span>
        </>
      );
    case 'grid':
      return (
        <>
          <span className={classes.label}>Photograph</span>
          <span className={classes.label} data-at="middle">
            Edges
          </span>
          <span className={classes.label} data-at="lower">
            Result
          </span>
          <span className={classes.label} data-at="lower-middle">
            Edited edges
          </span>
        </>
      );
  }
}

/** What smart select has to say. */
function useSmartMessage() {
  const inHand = useSession((state) => state.tool === 'smart');
  const { reading, error } = useSession((state) => state.smart);
  const empty = useRegionEmpty();
  if (!inHand) return null;
  if (error) {
    return (
      <div className={classes.hint} data-kind="error" role="alert">
        <IconAlertTriangle size={15} aria-hidden />
        {error.message}
      </div>
    );
  }
  if (reading) {
    return (
      <div className={classes.hint} role="status">
        <Loader size={13} aria-hidden />
        Reading the picture…
        <Progress w={56} size={4} aria-hidden value={(100 * reading.done) / reading.total} />
      </div>
    );
  }
  if (empty) {
    return <div className={classes.hint}>Point at a part and click, or drag a box about it</div>;
  }
  return null;
}

function Messages() {
  const studio = useStudio();
  const opening = useSession((state) => state.opening && state.opened === null);
  const openError = useSession((state) => state.openError);
  const previewError = useSession((state) => state.previewError);
  const opened = useSession((state) => state.opened !== null);
  const empty = useRegionEmpty();
  const smart = useSmartMessage();
  if (openError) {
    return (
      <div className={classes.failure} role="alert">
        <IconAlertTriangle size={22} aria-hidden />
        <p>{openError.message}</p>
        <Button variant="default" onClick={() => studio.image && void studio.openImage(studio.image.id)}>
          Try again
        </Button>
      </div>
    );
  }
  if (opening) return <div className={classes.hint}>Finding the edges…</div>;
  if (previewError) {
    return (
      <div className={classes.hint} data-kind="error" role="alert">
        <IconAlertTriangle size={15} aria-hidden />
        {previewError.message}
      </div>
    );
  }
  if (smart && opened) return smart;
  if (opened && empty) {
    return (
      <div className={classes.hint}>
        Draw a region on the picture, or
        <Button
          size="compact-xs"
          variant="light"
          leftSection={<IconSparkles size={13} />}
          onClick={() => void studio.surprise()}
        >
          Surprise me
        </Button>
      </div>
    );
  }
  return null;
}
