import { NumberInput, SegmentedControl, Select, Switch } from '@mantine/core';
import { IconDice5 } from '@tabler/icons-react';
import type { EdgeOutput } from '../../../core/recipe';
import type { Draft, DraftSettings } from '../../../project/document';
import type { OpenedImage } from '../../../worker/api';
import { useSession, useStudio } from '../../app/context';
import { ActionButton } from '../../parts/ActionButton';
import { FoldSection, Section } from '../../parts/Section';
import { SliderRow } from '../../parts/SliderRow';
import classes from './synthesize.module.css';

export function RendererSection({ draft, opened }: { draft: DraftSettings; opened: OpenedImage }) {
  const studio = useStudio();
  const used = useSession((state) => state.shown?.preview.renderer) ?? opened.renderer;
  const renderer = draft.renderer === 'auto' ? opened.renderer : draft.renderer;
  return (
    <Section
      title="Renderer"
      aside={<span className={classes.aside}>{used === 'generator' ? 'Generator' : 'Direct'}</span>}
    >
      <SegmentedControl
        fullWidth
        aria-label="Renderer"
        value={draft.renderer}
        data={[
          { value: 'auto', label: 'Auto' },
          { value: 'generator', label: 'Generator', disabled: !opened.generatorAvailable },
          { value: 'direct', label: 'Direct' },
        ]}
        onChange={(value) =>
          studio.edit('Change renderer', (next) => void (next.renderer = value as Draft['renderer']))
        }
      />
      <p className={classes.says}>
        {draft.renderer === 'auto'
          ? opened.rendererReason
          : renderer === 'generator'
            ? 'The trained network draws the picture from the edited edges.'
            : 'The photograph’s own pixels are filled in or moved, and blended at the border.'}
      </p>
      {renderer === 'generator' ? (
        <SegmentedControl
          fullWidth
          aria-label="Picture"
          value={draft.output}
          data={[
            { value: 'composited', label: 'Set into photograph' },
            { value: 'generated', label: 'Fully generated' },
          ]}
          onChange={(value) => studio.edit('Change picture', (next) => void (next.output = value as Draft['output']))}
        />
      ) : (
        draft.operation !== 'remove' && (
          <SegmentedControl
            fullWidth
            aria-label="Blending"
            value={draft.gradients}
            data={[
              { value: 'auto', label: 'Auto' },
              { value: 'normal', label: 'Donor' },
              { value: 'mixed', label: 'Stronger of both' },
            ]}
            onChange={(value) =>
              studio.edit('Change blending', (next) => void (next.gradients = value as Draft['gradients']))
            }
          />
        )
      )}
    </Section>
  );
}

const EDGE_OUTPUTS: readonly { value: EdgeOutput; label: string }[] = [
  { value: 'e1', label: 'First scale, finest (LogicAL)' },
  { value: 'e2', label: 'Second scale' },
  { value: 'e3', label: 'Third scale' },
  { value: 'e4', label: 'Fourth scale, coarsest' },
  { value: 'fused', label: 'All scales fused' },
];

export function VariationSection({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  return (
    <FoldSection title="Variation" note={`seed ${draft.seed}${draft.warp ? ' · warped' : ''}`}>
      <div className={classes.seed}>
        <NumberInput
          aria-label="Seed"
          leftSection={<span className={classes.inputWord}>Seed</span>}
          leftSectionWidth={44}
          hideControls
          allowDecimal={false}
          min={-2147483648}
          max={2147483647}
          value={draft.seed}
          onChange={(value) => {
            if (typeof value === 'number' && value !== draft.seed) {
              studio.edit('Change seed', (next) => void (next.seed = value), 'seed');
            }
          }}
        />
        <ActionButton action="reseed" variant="default" size={30}>
          <IconDice5 size={16} stroke={1.6} />
        </ActionButton>
      </div>
      <Switch
        mt={10}
        label="Warp edges and picture a little"
        description="Thin-plate spline from the seed, as DeepSIM trains with"
        checked={draft.warp !== null}
        onChange={(event) => studio.setWarp(event.currentTarget.checked)}
      />
      <Select
        mt={12}
        label="Edges of"
        data={EDGE_OUTPUTS}
        value={draft.edgeOutput}
        allowDeselect={false}
        onChange={(value) =>
          value && studio.edit('Change edge scale', (next) => void (next.edgeOutput = value as EdgeOutput))
        }
      />
    </FoldSection>
  );
}

export function GroundTruthSection({ draft }: { draft: DraftSettings }) {
  const studio = useStudio();
  const { threshold, dilation, minArea } = draft.groundTruth;
  const change = (values: Partial<Draft['groundTruth']>, mergeKey: string) =>
    studio.edit('Change ground truth', (next) => void Object.assign(next.groundTruth, values), mergeKey);
  const done = () => studio.project.getState().settle();
  return (
    <FoldSection title="Ground truth" note={`τ ${threshold.toFixed(2)}`}>
      <p className={classes.says} style={{ marginTop: 0 }}>
        The mask marks where the pictures from the untouched and from the edited edges differ: 1 − SSIM above τ, near
        the region.
      </p>
      <SliderRow
        label="Threshold τ"
        value={threshold}
        min={0.02}
        max={1.5}
        step={0.01}
        onChange={(value) => change({ threshold: value }, 'threshold')}
        onDone={done}
      />
      <SliderRow
        label="Margin"
        value={dilation}
        min={0}
        max={48}
        step={1}
        unit=" px"
        onChange={(value) => change({ dilation: value }, 'dilation')}
        onDone={done}
      />
      <SliderRow
        label="Least area"
        value={minArea}
        min={0}
        max={400}
        step={1}
        unit=" px²"
        onChange={(value) => change({ minArea: value }, 'minArea')}
        onDone={done}
      />
    </FoldSection>
  );
}
