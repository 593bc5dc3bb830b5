import { ActionIcon, Button, Loader, Modal, Progress, SegmentedControl, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useStore } from 'zustand';
import { rleHas, type Rle } from '../../../core/rle';
import { workingSize } from '../../../core/size';
import type { ImageRecord } from '../../../project/document';
import type { PartProposal } from '../../../worker/api';
import { useStudio } from '../../app/context';
import { newContext } from '../../canvas/compose';
import type { Box, PartWay } from '../../donor-parts';
import { encodedOf } from '../../../synthesis/parts/region';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './donor-dialog.module.css';

const WAYS: readonly { value: PartWay; label: string }[] = [
  { value: 'point', label: 'Point at it' },
  { value: 'parts', label: 'Its parts' },
  { value: 'box', label: 'Draw a box' },
];

const SAYS: Readonly<Record<PartWay, string>> = {
  point: 'Click a part to take it, or drag a box around it.',
  parts: 'Every part that is found in the donor; click one to take it.',
  box: 'Drag a box: what is in it is taken as it is. With the keyboard: arrows move it, Alt and arrows resize it, Enter takes it.',
};

/** The donor, large, to take one part out of it. */
export function DonorDialog() {
  const studio = useStudio();
  const { donor, way, thinking } = useStore(studio.donorParts.state);
  return (
    <Modal
      opened={donor !== null}
      onClose={() => studio.donorParts.close()}
      title="Take a part of the donor"
      size={720}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.title, body: classes.body }}
    >
      {donor && (
        <>
          <div className={classes.head}>
            <SegmentedControl
              aria-label="How to choose the part"
              value={way}
              data={[...WAYS]}
              onChange={(value) => studio.donorParts.setWay(value as PartWay)}
            />
            <span className={classes.thinking} role="status" aria-label={thinking ? 'Looking for the part' : undefined}>
              {thinking && <Loader size={13} color="var(--accent)" aria-hidden />}
            </span>
            <span className={classes.donorName}>{donor.name}</span>
            <Tooltip label="Previous donor">
              <ActionIcon aria-label="Previous donor" onClick={() => studio.donorParts.step(-1)}>
                <IconChevronLeft size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Next donor">
              <ActionIcon aria-label="Next donor" onClick={() => studio.donorParts.step(1)}>
                <IconChevronRight size={16} />
              </ActionIcon>
            </Tooltip>
          </div>
          <Choice key={`${donor.id} ${way}`} donor={donor} way={way} />
        </>
      )}
    </Modal>
  );
}

/** The donor, and its parts where they are listed: what is pointed at in one is lit in both. */
function Choice({ donor, way }: { donor: ImageRecord; way: PartWay }) {
  const studio = useStudio();
  const { error } = useStore(studio.donorParts.state);
  const [lit, setLit] = useState<PartProposal | null>(null);
  return (
    <>
      <Donor donor={donor} way={way} lit={lit} onLight={setLit} />
      {error ? (
        <p className={classes.error} role="alert">
          <IconAlertTriangle size={15} aria-hidden />
          {error.message}
        </p>
      ) : (
        <p className={classes.says}>{SAYS[way]}</p>
      )}
      {way === 'parts' && <Parts donor={donor} lit={lit} onLight={setLit} />}
    </>
  );
}

interface Lit {
  readonly donor: ImageRecord;
  readonly lit: PartProposal | null;
  onLight(part: PartProposal | null): void;
}

/** A drag shorter than this many screen pixels is a click. */
const LEAST_DRAG = 4;

function Donor({ donor, way, lit, onLight }: Lit & { way: PartWay }) {
  const studio = useStudio();
  const { proposal, parts } = useStore(studio.donorParts.state);
  const size = workingSize(donor);
  const surface = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: { x: number; y: number }; box: Box | null } | null>(null);
  const [box, setBox] = useState<Box>(() => centralBox(size));

  const at = (event: PointerEvent) => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const share = (value: number, length: number) => Math.min(1, Math.max(0, value / length));
    return {
      x: share(event.clientX - bounds.left, bounds.width) * size.width,
      y: share(event.clientY - bounds.top, bounds.height) * size.height,
    };
  };
  const down = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ from: at(event), box: null });
  };
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const point = at(event);
    if (way === 'parts') return onLight(smallestAt(parts ?? [], point));
    if (!drag) return studio.donorParts.hover(point);
    const drawn = boxOf(drag.from, point);
    const pixel = size.width / event.currentTarget.clientWidth;
    const large = Math.min(drawn.width, drawn.height) >= LEAST_DRAG * pixel;
    setDrag({ ...drag, box: large ? drawn : null });
    if (large) studio.donorParts.hover(null);
  };
  const up = (event: PointerEvent<HTMLDivElement>) => {
    if (!drag) return;
    setDrag(null);
    if (way === 'parts') {
      const part = smallestAt(parts ?? [], at(event));
      if (part) studio.donorParts.take(encodedOf(part.mask));
    } else if (way === 'box') {
      if (drag.box) studio.donorParts.takeBox(drag.box);
    } else {
      void studio.donorParts.takeAt(drag.box ?? at(event));
    }
  };
  const keys = (event: KeyboardEvent) => {
    if (way !== 'box') return;
    if (event.key === 'Enter') {
      event.preventDefault();
      studio.donorParts.takeBox(box);
      return;
    }
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const far = (event.shiftKey ? 5 : 1) * Math.max(1, Math.round(size.width / 100));
    setBox((before) => nudged(before, step[0] * far, step[1] * far, event.altKey, size));
  };
  const shown = way === 'box' ? (drag?.box ?? box) : drag?.box;
  return (
    <div
      ref={surface}
      className={classes.surface}
      style={{
        aspectRatio: `${size.width} / ${size.height}`,
        width: `min(100%, calc(${way === 'parts' ? 'max(58vh - 80px, 30vh)' : '58vh'} * ${size.width / size.height}))`,
      }}
      data-testid="donor-surface"
      role="application"
      tabIndex={0}
      aria-label={`Donor ${donor.name}`}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => {
        onLight(null);
        studio.donorParts.hover(null);
      }}
      onKeyDown={keys}
    >
      <Thumbnail source={donor.source} />
      <MaskOverlay mask={way === 'parts' ? (lit?.mask ?? null) : drag?.box ? null : proposal} />
      {shown && (
        <span
          className={classes.box}
          style={{
            left: `${(100 * shown.x) / size.width}%`,
            top: `${(100 * shown.y) / size.height}%`,
            width: `${(100 * shown.width) / size.width}%`,
            height: `${(100 * shown.height) / size.height}%`,
          }}
        />
      )}
    </div>
  );
}

/** The donor's parts as buttons, for the keyboard and for small ones; looked for once the list is asked for. */
function Parts({ donor, lit, onLight }: Lit) {
  const studio = useStudio();
  const { parts, finding } = useStore(studio.donorParts.state);
  useEffect(() => {
    if (studio.donorParts.state.getState().parts === null) void studio.donorParts.find();
  }, [studio, donor]);
  if (finding) {
    const { progress } = finding;
    return (
      <div className={classes.finding}>
        <Progress value={progress ? (100 * progress.done) / progress.total : 0} aria-label="Looking for parts" />
        <Button variant="default" size="compact-xs" onClick={() => void studio.donorParts.cancelFinding()}>
          Cancel
        </Button>
      </div>
    );
  }
  if (!parts) {
    return (
      <Button variant="default" onClick={() => void studio.donorParts.find()}>
        Look for parts
      </Button>
    );
  }
  if (parts.length === 0) return <p className={classes.says}>No part stands out in this donor. Draw a box instead.</p>;
  return (
    <div className={classes.parts} role="group" aria-label="Parts of the donor">
      {parts.map((part, i) => (
        <button
          key={part.id}
          type="button"
          className={classes.part}
          aria-label={`Part ${i + 1}, ${part.mask.area} px²`}
          data-lit={part === lit || undefined}
          onPointerEnter={() => onLight(part)}
          onPointerLeave={() => onLight(null)}
          onFocus={() => onLight(part)}
          onBlur={() => onLight(null)}
          onClick={() => studio.donorParts.take(encodedOf(part.mask))}
        >
          <MaskOverlay mask={part.mask} close />
        </button>
      ))}
    </div>
  );
}

/** A mask over the donor; `close`, brought near. */
function MaskOverlay({ mask, close = false }: { mask: Rle | null; close?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const target = canvas.current;
    const context = target?.getContext('2d');
    if (!target || !context) return;
    const box = close && mask?.box ? mask.box : { x: 0, y: 0, width: mask?.width ?? 1, height: mask?.height ?? 1 };
    target.width = box.width;
    target.height = box.height;
    if (!mask) return;
    const full = newContext();
    full.canvas.width = mask.width;
    full.canvas.height = mask.height;
    const pixels = full.createImageData(mask.width, mask.height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < mask.runs.length; i += 2) words.fill(INK, mask.runs[i], mask.runs[i + 1]);
    full.putImageData(pixels, 0, 0);
    context.drawImage(full.canvas, -box.x, -box.y);
  }, [mask, close]);
  return <canvas ref={canvas} className={close ? classes.partPicture : classes.overlay} aria-hidden />;
}

/** ABGR of the overlay's colour. */
const INK = 0xa0b5c740;

/** The smallest part at a point: what is on top of the rest. */
function smallestAt(parts: readonly PartProposal[], point: { x: number; y: number }): PartProposal | null {
  let best: PartProposal | null = null;
  for (const part of parts) {
    const { mask } = part;
    const x = Math.min(mask.width - 1, Math.floor(point.x));
    const y = Math.min(mask.height - 1, Math.floor(point.y));
    if (rleHas(mask, x, y) && (!best || mask.area < best.mask.area)) best = part;
  }
  return best;
}

function boxOf(from: { x: number; y: number }, to: { x: number; y: number }): Box {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  };
}

function centralBox({ width, height }: { width: number; height: number }): Box {
  return {
    x: Math.round(width / 3),
    y: Math.round(height / 3),
    width: Math.round(width / 3),
    height: Math.round(height / 3),
  };
}

/** The box moved, or resized about its upper left corner, inside the picture. */
function nudged(box: Box, dx: number, dy: number, resize: boolean, size: { width: number; height: number }): Box {
  const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  if (resize) {
    return {
      ...box,
      width: clamp(box.width + dx, 4, size.width - box.x),
      height: clamp(box.height + dy, 4, size.height - box.y),
    };
  }
  return {
    ...box,
    x: clamp(box.x + dx, 0, size.width - box.width),
    y: clamp(box.y + dy, 0, size.height - box.height),
  };
}
