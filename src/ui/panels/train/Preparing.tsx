import { useSession } from '../../app/context';
import { JobProgress } from '../../parts/JobProgress';
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
        <JobProgress label="Getting ready" progress={preparing} />
      </div>
    </section>
  );
}
