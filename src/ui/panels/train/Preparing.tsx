import { Progress } from '@mantine/core';
import { useSession } from '../../app/context';
import setup from '../../parts/setup.module.css';
import view from '../../parts/view.module.css';
import { Toggle } from './Toggle';

/** Before a run has a record: edges of the photographs are found, anomalies made to measure with. */
export function Preparing() {
  const underWay = useSession((state) => state.training.underWay);
  if (!underWay) return null;
  const { name, preparing } = underWay;
  return (
    <section className={view.view} aria-label={name}>
      <header className={view.viewHead}>
        <div className={view.titles}>
          <h1>{name}</h1>
          <p>Getting ready: what the photographs are trained with is made once, before the first step.</p>
        </div>
        <Toggle id={underWay.id} />
      </header>
      <div className={view.body}>
        <div className={setup.progress} role="group" aria-label="Getting ready">
          <div className={setup.progressHead}>
            <span>{preparing && preparing.done > 0 ? `${preparing.done} of ${preparing.total}` : 'Starting'}</span>
          </div>
          <Progress
            size={6}
            aria-label="Progress"
            value={preparing ? (100 * preparing.done) / Math.max(1, preparing.total) : 0}
          />
          <div className={setup.progressFoot}>
            <span title={preparing?.label}>{preparing?.label}</span>
          </div>
        </div>
      </div>
    </section>
  );
}
