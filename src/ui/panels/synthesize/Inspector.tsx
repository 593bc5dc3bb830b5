import { Button } from '@mantine/core';
import { IconBookmark } from '@tabler/icons-react';
import { actionOf } from '../../actions';
import { useDraftSettings, useEnabled, useSession, useShell, useStudio } from '../../app/context';
import { Keys } from '../../parts/keys';
import { DetectorSection } from './DetectorSection';
import { DonorSection } from './DonorSection';
import { EdgesSection } from './EdgesSection';
import { GroundTruthSection, RendererSection, VariationSection } from './DraftSections';
import { MeasureSection } from './MeasureSection';
import { OperationSection } from './OperationSection';
import { PartsSection } from './PartsSection';
import { RegionSection } from './RegionSection';
import classes from './synthesize.module.css';

/** What is made of the region, and what came of it. */
export function Inspector() {
  const draft = useDraftSettings();
  const opened = useSession((state) => state.opened);
  return (
    <aside className={classes.inspector} aria-label="Settings">
      <div className={classes.inspectorBody}>
        {draft && opened && (
          <>
            <OperationSection draft={draft} />
            {draft.operation !== 'remove' && <DonorSection draft={draft} />}
            <RegionSection draft={draft} opened={opened} />
            <PartsSection />
            <MeasureSection />
            <DetectorSection />
            <EdgesSection />
            <RendererSection draft={draft} opened={opened} />
            <VariationSection draft={draft} />
            <GroundTruthSection draft={draft} />
          </>
        )}
      </div>
      <Keep />
    </aside>
  );
}

function Keep() {
  const studio = useStudio();
  const shell = useShell();
  const action = actionOf('keep');
  const enabled = useEnabled(action);
  const keeping = useSession((state) => state.keeping);
  const milliseconds = useSession((state) => state.shown?.preview.milliseconds ?? null);
  return (
    <div className={classes.keep}>
      <Button
        fullWidth
        size="sm"
        leftSection={<IconBookmark size={16} />}
        rightSection={<Keys shortcut="k" />}
        disabled={!enabled && !keeping}
        loading={keeping}
        onClick={() => void action.run(studio, shell)}
      >
        Keep
      </Button>
      <span className={classes.took} title="Time the last result took">
        {milliseconds === null
          ? ''
          : milliseconds < 1000
            ? `${Math.round(milliseconds)} ms`
            : `${(milliseconds / 1000).toFixed(1)} s`}
      </span>
    </div>
  );
}
