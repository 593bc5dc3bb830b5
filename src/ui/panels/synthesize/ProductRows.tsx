import { Loader, Switch } from '@mantine/core';
import { useSession, useStudio } from '../../app/context';
import { ErrorNote } from '../../parts/ErrorNote';
import { SliderRow } from '../../parts/SliderRow';
import classes from './parts-section.module.css';

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 0 });

/** Whether parts and arbitrary regions lie on the product alone, and from which noticeability on something is product. */
export function ProductRows() {
  const studio = useStudio();
  const { only, threshold } = useSession((state) => state.product);
  const shown = useSession((state) => state.layers.foreground.visible);
  return (
    <div className={classes.product}>
      <Switch
        size="xs"
        label="On the product only"
        checked={only}
        onChange={(event) => studio.product.setOnly(event.currentTarget.checked)}
      />
      {(only || shown) && (
        <>
          <SliderRow
            label="Threshold"
            value={threshold}
            min={0}
            max={0.5}
            step={0.005}
            onChange={(value) => studio.product.setThreshold(value)}
          />
          <Outcome />
        </>
      )}
    </div>
  );
}

function Outcome() {
  const { mask, measuring, error } = useSession((state) => state.product);
  if (error) {
    return <ErrorNote message={error.message} />;
  }
  if (!mask) {
    return measuring ? (
      <p className={classes.outcome} role="status">
        <Loader size={12} aria-hidden /> Measuring what can be noticed…
      </p>
    ) : null;
  }
  const share = mask.area / (mask.width * mask.height);
  return (
    <p className={classes.outcome} role="status">
      {mask.area === 0
        ? 'Nothing lies above it. Lower the threshold.'
        : `${percent.format(share)} of the picture is product`}
    </p>
  );
}
