import { ActionIcon, Slider, Tooltip, UnstyledButton } from '@mantine/core';
import { IconChevronUp, IconEye, IconEyeOff, IconStack2 } from '@tabler/icons-react';
import { LAYER_NAMES, LAYER_ORDER } from '../actions';
import { useSession, useStudio } from '../app/context';
import type { LayerId } from '../session';
import { FOREGROUND_COLOUR } from './segment-overlay';
import classes from './canvas.module.css';

const SWATCHES: Readonly<Record<(typeof LAYER_ORDER)[number], string | null>> = {
  photo: null,
  result: null,
  edges: null,
  editedEdges: null,
  reconstruction: null,
  heat: null,
  mask: 'var(--mask)',
  foreground: FOREGROUND_COLOUR,
  parts: null,
  region: '#3ddcc8',
};

/** What lies on a picture, and so on each of four too. */
const OVERLAYS: ReadonlySet<LayerId> = new Set(['heat', 'mask', 'foreground', 'parts', 'region']);

/** What only a detector can show. */
const DETECTED: ReadonlySet<LayerId> = new Set(['heat', 'reconstruction']);

/** The layers, topmost first: each can be switched and faded. */
export function LayersCard() {
  const studio = useStudio();
  const layers = useSession((state) => state.layers);
  const viewMode = useSession((state) => state.viewMode);
  const kind = viewMode === 'single' || viewMode === 'wipe' ? 'one' : 'several';
  const noDetector = useSession((state) => state.detection.network === null);
  const open = useSession((state) => state.layersOpen[kind]);
  const toggle = () => studio.session.setState(({ layersOpen }) => ({ layersOpen: { ...layersOpen, [kind]: !open } }));
  if (!open) {
    return (
      <Tooltip label="Layers" position="left">
        <ActionIcon className={classes.layersButton} size={32} aria-label="Show the layers" onClick={toggle}>
          <IconStack2 size={17} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    );
  }
  return (
    <section className={classes.layers} aria-label="Layers">
      <div className={classes.layersHead}>
        <IconStack2 size={14} stroke={1.6} aria-hidden />
        <h2>Layers</h2>
        <ActionIcon size={20} aria-label="Hide the layers" onClick={toggle}>
          <IconChevronUp size={14} />
        </ActionIcon>
      </div>
      <ul>
        {LAYER_ORDER.map((id) => {
          const { visible, opacity } = layers[id];
          // Four pictures side by side have their layers given.
          const absent = noDetector && DETECTED.has(id);
          const fixed = absent || (viewMode === 'grid' && !OVERLAYS.has(id));
          return (
            <li key={id} data-off={!visible || fixed || undefined}>
              <UnstyledButton
                className={classes.layerSwitch}
                role="switch"
                aria-checked={visible}
                aria-label={LAYER_NAMES[id]}
                disabled={fixed}
                title={absent ? 'No anomaly detector is installed (Networks and weights)' : undefined}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => studio.setLayer(id, { visible: !visible })}
              >
                {visible ? <IconEye size={15} stroke={1.6} /> : <IconEyeOff size={15} stroke={1.6} />}
                <span>{LAYER_NAMES[id]}</span>
                {SWATCHES[id] && <i style={{ background: SWATCHES[id] }} />}
              </UnstyledButton>
              <Slider
                className={classes.layerSlider}
                size={2}
                thumbSize={10}
                min={0}
                max={1}
                step={0.01}
                value={opacity}
                disabled={!visible || fixed}
                thumbLabel={`Opacity: ${LAYER_NAMES[id]}`}
                onChange={(value) => studio.setLayer(id, { opacity: value })}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
