import { IconAlertTriangle } from '@tabler/icons-react';
import { useSession } from '../../app/context';
import { Section } from '../../parts/Section';
import classes from './synthesize.module.css';

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const area = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** What is known of the result: how much was edited, how well the mask agrees with the region, and what to mind. */
export function MeasureSection() {
  const measure = useSession((state) => state.measure);
  const shown = useSession((state) => state.shown !== null);
  if (!measure || !shown) return null;
  return (
    <Section title="Measures">
      <dl className={classes.measures}>
        <Meter label="Edges edited" share={measure.editedShare} warned={measure.warnings.length > 0} />
        <Meter label="Mask agrees with region" share={measure.agreement} />
      </dl>
      <p className={classes.areas}>
        Region {area.format(measure.regionArea)} px² · changed {area.format(measure.changedArea)} px²
      </p>
      {measure.warnings.length > 0 && (
        <ul className={classes.warnings} aria-label="Warnings">
          {measure.warnings.map((warning) => (
            <li key={warning}>
              <IconAlertTriangle size={14} aria-hidden />
              <span>{warning}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Meter({ label, share, warned = false }: { label: string; share: number; warned?: boolean }) {
  return (
    <div className={classes.meter}>
      <dt>{label}</dt>
      <dd>
        {percent.format(share)}
        <span className={classes.meterTrack} aria-hidden>
          <span
            className={classes.meterBar}
            data-warned={warned || undefined}
            style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }}
          />
        </span>
      </dd>
    </div>
  );
}
