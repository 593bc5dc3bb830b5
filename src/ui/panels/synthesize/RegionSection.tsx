import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowUp,
  IconDots,
  IconLayersSelected,
  IconPhotoPlus,
  IconPhotoShare,
  IconStackBackward,
  IconTrash,
} from '@tabler/icons-react';
import { memo } from 'react';
import type { DraftSettings } from '../../../project/document';
import type { OpenedImage } from '../../../worker/api';
import { useProject, useSession, useShapes, useStudio } from '../../app/context';
import { ActionButton } from '../../parts/ActionButton';
import { Section } from '../../parts/Section';
import { SliderRow } from '../../parts/SliderRow';
import { MOST_GROWTH } from '../../region-tools';
import { RegionList } from './RegionList';
import { SurpriseRow } from './SurpriseRow';
import classes from './region.module.css';
import panel from './synthesize.module.css';

/** The region: its shapes, how wide and how soft it is drawn, and what can be done with all of it. */
export function RegionSection({ draft, opened }: { draft: DraftSettings; opened: OpenedImage }) {
  return (
    <Section title="Region" aside={<ShapeCount />}>
      <Shapes opened={opened} />
      <BorderRows draft={draft} />
      <SurpriseRow />
    </Section>
  );
}

function ShapeCount() {
  const count = useShapes()?.length ?? 0;
  return <span className={panel.aside}>{count === 0 ? 'empty' : `${count} ${count === 1 ? 'shape' : 'shapes'}`}</span>;
}

function Shapes({ opened }: { opened: OpenedImage }) {
  const shapes = useShapes();
  if (!shapes?.length) return null;
  return (
    <>
      <RegionList shapes={shapes} size={opened} />
      <RegionButtons />
    </>
  );
}

function BorderRows({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  const done = () => studio.project.getState().settle();
  return (
    <>
      <SliderRow
        label="Grow, shrink"
        value={draft.grow}
        min={-MOST_GROWTH}
        max={MOST_GROWTH}
        step={0.5}
        origin={0}
        unit=" px"
        onChange={(value) =>
          studio.edit(value > draft.grow ? 'Grow region' : 'Shrink region', (next) => void (next.grow = value), 'grow')
        }
        onDone={done}
      />
      <SliderRow
        label="Soft border"
        value={draft.feather}
        min={0}
        max={16}
        step={0.1}
        unit=" px"
        onChange={(value) => studio.edit('Soften border', (next) => void (next.feather = value), 'feather')}
        onDone={done}
      />
    </>
  );
}

const RegionButtons = memo(function RegionButtons() {
  const studio = useStudio();
  const picked = useSession((state) => state.selectedShape !== null);
  return (
    <div className={classes.tools} role="toolbar" aria-label="Region">
      <ActionButton action="raise-shape" size={26}>
        <IconArrowUp size={15} stroke={1.6} />
      </ActionButton>
      <ActionButton action="lower-shape" size={26}>
        <IconArrowDown size={15} stroke={1.6} />
      </ActionButton>
      <Tooltip label={picked ? 'Delete the picked shape' : 'Pick a shape to delete it'}>
        <ActionIcon
          size={26}
          className={classes.toggle}
          aria-label="Delete the picked shape"
          disabled={!picked}
          onClick={() => studio.deleteShape()}
        >
          <IconTrash size={15} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
      <span className={classes.spring} />
      <ActionButton action="flatten-region" size={26}>
        <IconStackBackward size={15} stroke={1.6} />
      </ActionButton>
      <ApplyMenu />
    </div>
  );
});

/** The region made here, taken over to other images. */
function ApplyMenu() {
  const studio = useStudio();
  // What it may be applied to follows the images of the document, and which is open.
  useProject((state) => state.document.images);
  useSession((state) => state.imageId);
  const normals = studio.region.normals().length;
  const next = studio.region.next();
  return (
    <Menu position="bottom-end" width={250}>
      <Menu.Target>
        <Tooltip label="Apply the region to other images">
          <ActionIcon size={26} className={classes.toggle} aria-label="Apply the region to other images">
            <IconDots size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Apply the region to</Menu.Label>
        <Menu.Item
          leftSection={<IconPhotoPlus size={15} stroke={1.6} />}
          disabled={!next}
          onClick={() => void studio.region.applyToNext()}
        >
          The next image{next ? ` (${next.name})` : ''}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLayersSelected size={15} stroke={1.6} />}
          disabled={normals === 0}
          onClick={() => studio.region.applyTo(studio.region.normals())}
        >
          {normals === 1 ? 'The other normal image' : `All ${normals} other normal images`}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconPhotoShare size={15} stroke={1.6} />}
          disabled={!next}
          onClick={() => studio.session.setState({ applyOpen: true })}
        >
          Chosen images…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
