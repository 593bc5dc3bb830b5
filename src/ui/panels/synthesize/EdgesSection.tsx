import { Button } from '@mantine/core';
import { IconArrowRight, IconEraser, IconLine, IconSquareOff, IconTrash } from '@tabler/icons-react';
import { actionOf } from '../../actions';
import { useEnabled, useProject, useSession, useShell, useStudio } from '../../app/context';
import { MARK_COLOURS } from '../../canvas/marks-overlay';
import { FoldSection } from '../../parts/Section';
import detector from './detector.module.css';
import classes from './edges-section.module.css';

/** Corrections of the edges that were found: the region says where there are some, and where not. */
export function EdgesSection() {
  const studio = useStudio();
  const imageId = useSession((state) => state.imageId);
  const corrections = useProject((state) => state.document.corrections);
  const here = imageId !== null && imageId in corrections;
  const count = Object.keys(corrections).length;
  return (
    <FoldSection title="Edge corrections" note={here ? 'this picture' : count > 0 ? `${count} elsewhere` : 'none'}>
      <p className={detector.says}>
        Where the edge detector misses an edge or invents one, draw a region over it, with a thin brush for lines, and
        say what is there. A detector can be trained on it.
      </p>
      <div className={classes.marks}>
        <Mark action="mark-edge" colour={MARK_COLOURS.edge} icon={<IconLine size={14} aria-hidden />}>
          Edges
        </Mark>
        <Mark action="mark-plain" colour={MARK_COLOURS.plain} icon={<IconSquareOff size={14} aria-hidden />}>
          No edges
        </Mark>
        {here && (
          <Mark action="unmark" icon={<IconEraser size={14} aria-hidden />}>
            As found
          </Mark>
        )}
      </div>
      {(here || count > 0) && (
        <div className={classes.row}>
          {here && (
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              leftSection={<IconTrash size={13} />}
              onClick={() => studio.edges.clear()}
            >
              Clear this picture’s
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            rightSection={<IconArrowRight size={13} />}
            onClick={() => studio.teachEdges()}
          >
            Train on them
          </Button>
        </div>
      )}
    </FoldSection>
  );
}

interface MarkProps {
  readonly action: 'mark-edge' | 'mark-plain' | 'unmark';
  readonly colour?: readonly [number, number, number];
  readonly icon: React.ReactNode;
  readonly children: string;
}

function Mark({ action: id, colour, icon, children }: MarkProps) {
  const studio = useStudio();
  const shell = useShell();
  const action = actionOf(id);
  const enabled = useEnabled(action);
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={icon}
      rightSection={colour && <i className={classes.swatch} style={{ background: `rgb(${colour.join(' ')})` }} />}
      disabled={!enabled}
      title={enabled ? action.label : 'Draw a region first'}
      onClick={() => void action.run(studio, shell)}
    >
      {children}
    </Button>
  );
}
