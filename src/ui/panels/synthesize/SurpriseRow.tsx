import { IconSparkles } from '@tabler/icons-react';
import { useSession, useStudio } from '../../app/context';
import { ActionButton } from '../../parts/ActionButton';
import { SliderRow } from '../../parts/SliderRow';
import classes from './parts-section.module.css';

/** LogicAL's arbitrary region, and how much of the image it takes. */
export function SurpriseRow() {
  const studio = useStudio();
  const share = useSession((state) => state.surpriseShare);
  return (
    <div className={classes.surprise}>
      <SliderRow
        label="Surprise"
        value={100 * share}
        min={0.5}
        max={50}
        step={0.1}
        logarithmic
        unit=" %"
        onChange={(value) => studio.session.setState({ surpriseShare: value / 100 })}
      />
      <ActionButton action="surprise" size={26}>
        <IconSparkles size={16} stroke={1.6} />
      </ActionButton>
    </div>
  );
}
