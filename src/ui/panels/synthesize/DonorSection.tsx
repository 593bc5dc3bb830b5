import { ActionIcon, Button, Tooltip } from '@mantine/core';
import {
  IconArrowsShuffle,
  IconChevronLeft,
  IconChevronRight,
  IconDice5,
  IconFlipHorizontal,
  IconFlipVertical,
  IconPhotoSensor,
  IconRotate,
} from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { IDENTITY_AUGMENTATION, type Augmentation } from '../../../core/recipe';
import type { DraftSettings, ImageRecord } from '../../../project/document';
import { useProject, useStudio } from '../../app/context';
import { ActionButton } from '../../parts/ActionButton';
import { Keys } from '../../parts/keys';
import { Section } from '../../parts/Section';
import { SliderRow } from '../../parts/SliderRow';
import { Thumbnail } from '../../parts/Thumbnail';
import classes from './synthesize.module.css';

const CELL = 58;

/** Where the edges come from, and how they are laid over the region: A(·) of Eq. 1. */
export function DonorSection({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  // Candidates follow the images of the document.
  useProject((state) => state.document.images);
  const donors = studio.donors();
  const donor = studio.donorOf(draft);
  return (
    <Section
      title="Donor"
      aside={
        <span className={classes.asideButtons}>
          <ActionButton action="donor-previous" size={24}>
            <IconChevronLeft size={15} />
          </ActionButton>
          <ActionButton action="donor-next" size={24}>
            <IconChevronRight size={15} />
          </ActionButton>
          <ActionButton action="shuffle-donor" size={24}>
            <IconArrowsShuffle size={15} />
          </ActionButton>
        </span>
      }
    >
      <DonorStrip donors={donors} chosen={donor?.id ?? null} />
      <p className={classes.donorName}>
        {donor ? donor.name : 'No donor'}
        <span>{draft.donorId === null ? 'chosen by the seed' : ''}</span>
      </p>
      <Button
        variant="default"
        fullWidth
        mb={10}
        leftSection={<IconPhotoSensor size={15} stroke={1.6} />}
        rightSection={<Keys shortcut="y" />}
        disabled={!donor}
        onClick={() => studio.donorParts.open()}
      >
        Take a part of it…
      </Button>
      <Placement draft={draft} />
    </Section>
  );
}

function DonorStrip({ donors, chosen }: { donors: readonly ImageRecord[]; chosen: string | null }) {
  const studio = useStudio();
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used in this render alone
  const cells = useVirtualizer({
    horizontal: true,
    count: donors.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL,
    overscan: 4,
  });
  const at = donors.findIndex(({ id }) => id === chosen);
  useEffect(() => {
    if (at >= 0) cells.scrollToIndex(at, { align: 'center' });
  }, [at, cells]);
  return (
    <div ref={scroller} className={classes.donorStrip} role="group" aria-label="Donors">
      <div style={{ width: cells.getTotalSize(), height: CELL - 6, position: 'relative' }}>
        {cells.getVirtualItems().map(({ index, start, key }) => {
          const image = donors[index];
          return (
            <button
              key={key}
              type="button"
              className={classes.donor}
              style={{ transform: `translateX(${start}px)` }}
              aria-label={`Donor ${image.name}`}
              aria-pressed={image.id === chosen}
              title={image.path}
              onClick={() => studio.edit('Choose donor', (next) => void (next.donorId = image.id))}
            >
              <Thumbnail source={image.thumbnail ?? image.source} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

function Placement({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  const { flipX, flipY, scale, rotation, translateX, translateY } = draft.augmentation;
  const change = (label: string, values: Partial<Augmentation>, mergeKey?: string) =>
    studio.edit(label, ({ augmentation }) => void Object.assign(augmentation, values), mergeKey);
  const done = () => studio.project.getState().settle();
  const placed = Object.entries(IDENTITY_AUGMENTATION).some(
    ([key, value]) => draft.augmentation[key as keyof Augmentation] !== value,
  );
  return (
    <div>
      <div className={classes.placementHead}>
        <Tooltip label="Mirror left and right">
          <ActionIcon
            aria-label="Mirror the donor left and right"
            aria-pressed={flipX}
            className={classes.toggle}
            onClick={() => change('Mirror donor', { flipX: !flipX })}
          >
            <IconFlipHorizontal size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Mirror top and bottom">
          <ActionIcon
            aria-label="Mirror the donor top and bottom"
            aria-pressed={flipY}
            className={classes.toggle}
            onClick={() => change('Mirror donor', { flipY: !flipY })}
          >
            <IconFlipVertical size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconDice5 size={14} />}
          onClick={() => void studio.randomAugmentation()}
        >
          Random
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<IconRotate size={14} />}
          disabled={!placed}
          onClick={() => change('Reset placement', IDENTITY_AUGMENTATION)}
        >
          Reset
        </Button>
      </div>
      <SliderRow
        label="Scale"
        value={scale}
        min={0.25}
        max={4}
        step={0.01}
        logarithmic
        origin={1}
        unit="×"
        onChange={(value) => change('Scale donor', { scale: value }, 'scale')}
        onDone={done}
      />
      <SliderRow
        label="Rotate"
        value={(rotation * 180) / Math.PI}
        min={-180}
        max={180}
        step={1}
        origin={0}
        unit="°"
        onChange={(value) => change('Rotate donor', { rotation: (value * Math.PI) / 180 }, 'rotation')}
        onDone={done}
      />
      <SliderRow
        label="Across"
        value={translateX * 100}
        min={-100}
        max={100}
        step={0.5}
        origin={0}
        unit=" %"
        onChange={(value) => change('Move donor', { translateX: value / 100 }, 'translateX')}
        onDone={done}
      />
      <SliderRow
        label="Down"
        value={translateY * 100}
        min={-100}
        max={100}
        step={0.5}
        origin={0}
        unit=" %"
        onChange={(value) => change('Move donor', { translateY: value / 100 }, 'translateY')}
        onDone={done}
      />
    </div>
  );
}
