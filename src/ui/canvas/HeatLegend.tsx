import { colourAt, type ColourScale } from '../../core/colour-scales';
import { useSession } from '../app/context';
import { currentHeat, pixelThreshold } from '../detection-view';
import classes from './canvas.module.css';

/** What the colours of the heat map mean, and where the threshold lies. */
export function HeatLegend() {
  const scale = useSession((state) => state.heat.scale);
  const visible = useSession((state) => state.layers.heat.visible && !state.peeking);
  const detection = useSession((state) => state.detection);
  const shown = useSession((state) => state.shown !== null);
  const heat = currentHeat(detection, shown);
  if (!visible || !heat) return null;
  const threshold = pixelThreshold(detection, heat.found);
  return (
    <figure className={classes.legend} aria-label={`Heat map from 0 to 1, threshold ${threshold.toFixed(3)}`}>
      <figcaption>Anomaly</figcaption>
      <span>0</span>
      <span className={classes.legendBar} style={{ background: gradientOf(scale) }}>
        <i style={{ left: `${100 * threshold}%` }} />
      </span>
      <span>1</span>
    </figure>
  );
}

const STOPS = 12;

/** The scale as a CSS background, from left to right. */
export function gradientOf(scale: ColourScale): string {
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => `rgb(${colourAt(scale, i / STOPS).join(' ')})`);
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
