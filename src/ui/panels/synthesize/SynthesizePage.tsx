import { VisuallyHidden } from '@mantine/core';
import { useImage, useSession, useStudio } from '../../app/context';
import { CanvasPane } from '../../canvas/CanvasPane';
import { ApplyDialog } from './ApplyDialog';
import { BottomDock } from './BottomDock';
import { DonorDialog } from './DonorDialog';
import { Inspector } from './Inspector';
import { OptionsBar } from './OptionsBar';
import { ToolRail } from './ToolRail';
import classes from './synthesize.module.css';

export function SynthesizePage() {
  const studio = useStudio();
  const image = useImage();
  const opening = useSession((state) => state.opening);
  const demoOpening = useSession((state) => state.demoOpening);
  if (!image && !opening && !demoOpening) {
    return (
      <div className={classes.nothing}>
        <p>No image is open.</p>
        <button type="button" className={classes.linkButton} onClick={() => studio.go('dataset')}>
          Choose one from the dataset
        </button>
      </div>
    );
  }
  return (
    <div className={classes.page}>
      <VisuallyHidden>
        <h1>Synthesize{image && `: ${image.name}`}</h1>
      </VisuallyHidden>
      <ToolRail />
      <div className={classes.middle}>
        <OptionsBar />
        <CanvasPane />
        <BottomDock />
      </div>
      <Inspector />
      <ApplyDialog />
      <DonorDialog />
    </div>
  );
}
