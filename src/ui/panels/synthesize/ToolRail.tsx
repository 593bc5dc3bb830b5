import {
  IconArrowsMove,
  IconBrush,
  IconCircleDashed,
  IconEraser,
  IconHandStop,
  IconLasso,
  IconPointer,
  IconPolygon,
  IconPointerBolt,
  IconPuzzle,
  IconSparkles,
  IconSquareOff,
  IconWand,
  IconContrast,
  IconMarquee2,
} from '@tabler/icons-react';
import { useSession } from '../../app/context';
import { ActionButton } from '../../parts/ActionButton';
import type { ToolId } from '../../session';
import classes from './synthesize.module.css';

const TOOLS: readonly (readonly [ToolId, typeof IconBrush][])[] = [
  [
    ['select', IconPointer],
    ['smart', IconPointerBolt],
  ],
  [
    ['rectangle', IconMarquee2],
    ['ellipse', IconCircleDashed],
    ['lasso', IconLasso],
    ['polygon', IconPolygon],
    ['brush', IconBrush],
    ['eraser', IconEraser],
    ['wand', IconWand],
  ],
  [
    ['donor', IconArrowsMove],
    ['pan', IconHandStop],
  ],
];

export function ToolRail() {
  const tool = useSession((state) => state.tool);
  return (
    <div className={classes.rail} role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {TOOLS.map((group, i) => (
        <div key={i} className={classes.railGroup}>
          {group.map(([id, Icon]) => (
            <ActionButton key={id} action={`tool-${id}`} active={tool === id} tooltip="right" size={34}>
              <Icon size={19} stroke={1.6} />
            </ActionButton>
          ))}
        </div>
      ))}
      <div className={classes.railGroup}>
        <ActionButton action="find-parts" tooltip="right" size={34}>
          <IconPuzzle size={19} stroke={1.6} />
        </ActionButton>
        <ActionButton action="surprise" tooltip="right" size={34}>
          <IconSparkles size={19} stroke={1.6} />
        </ActionButton>
        <ActionButton action="invert-region" tooltip="right" size={34}>
          <IconContrast size={19} stroke={1.6} />
        </ActionButton>
        <ActionButton action="clear-region" tooltip="right" size={34}>
          <IconSquareOff size={19} stroke={1.6} />
        </ActionButton>
      </div>
    </div>
  );
}
