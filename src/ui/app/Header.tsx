import {
  ActionIcon,
  Button,
  Menu,
  Popover,
  Radio,
  RingProgress,
  Stack,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBinaryTree,
  IconBolt,
  IconCheck,
  IconChevronRight,
  IconCloudOff,
  IconCpu,
  IconDeviceDesktop,
  IconHelp,
  IconMoon,
  IconSearch,
  IconSun,
} from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { ComputePreference } from '../../worker/api';
import { actionOf, needsDataset, PAGE_NAMES } from '../actions';
import { ActionButton } from '../parts/ActionButton';
import { durationText } from '../parts/time';
import { PAGES } from '../session';
import classes from './app.module.css';
import { useProject, useSession, useShell, useStudio } from './context';
import { Logo } from './Logo';

export function Header() {
  const shell = useShell();
  return (
    <header className={classes.header}>
      <div className={classes.brand}>
        <Logo />
        <span className={classes.name}>
          Logic<b>AL</b> Studio
        </span>
      </div>
      <Steps />
      <div className={classes.tools}>
        <Saving />
        <History />
        <span className={classes.rule} />
        <Compute />
        <Tooltip label="Search commands">
          <ActionIcon aria-label="Command palette" aria-keyshortcuts="Control+K" onClick={shell.openPalette}>
            <IconSearch size={17} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <ThemeMenu />
        <ActionButton action="shortcuts">
          <IconHelp size={17} stroke={1.7} />
        </ActionButton>
      </div>
    </header>
  );
}

function Steps() {
  const studio = useStudio();
  const page = useSession((state) => state.page);
  const empty = useProject((state) => Object.keys(state.document.datasets).length === 0);
  const kept = useProject((state) => Object.keys(state.document.variants).length);
  return (
    <nav aria-label="Steps" className={classes.steps}>
      {PAGES.map((step, i) => (
        <span key={step} className={classes.stepHolder}>
          {i > 0 && <IconChevronRight size={13} className={classes.stepArrow} aria-hidden />}
          <UnstyledButton
            className={classes.step}
            aria-current={page === step ? 'page' : undefined}
            disabled={empty && needsDataset(step)}
            onClick={() => studio.go(step)}
          >
            {PAGE_NAMES[step]}
            {step === 'train' && <TrainingProgress />}
            {step === 'export' && kept > 0 && (
              <span className={classes.count} aria-label={`${kept} kept`}>
                {kept}
              </span>
            )}
          </UnstyledButton>
        </span>
      ))}
    </nav>
  );
}

/** How far the training is, wherever one is. */
function TrainingProgress() {
  const underWay = useSession((state) => state.training.underWay);
  if (!underWay) return null;
  const { step, steps, secondsLeft, name, preparing } = underWay;
  const share = preparing ? 0 : Math.floor((100 * (step?.step ?? 0)) / steps);
  const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
  return (
    <Tooltip label={`${name}: ${preparing ? 'getting ready' : `${share} %${left}`}`}>
      <span className={classes.training} aria-label={`Training, ${share} %`} role="img">
        <RingProgress
          size={18}
          thickness={3}
          rootColor="var(--line-strong)"
          sections={[{ value: Math.max(2, share), color: 'var(--accent)' }]}
        />
        <span className={classes.trainingShare}>{share} %</span>
      </span>
    </Tooltip>
  );
}

function History() {
  const { undoLabel, redoLabel } = useProject((state) => state.history);
  return (
    <>
      <ActionButton action="undo" label={undoLabel ? `Undo: ${undoLabel}` : 'Undo'}>
        <IconArrowBackUp size={17} stroke={1.7} />
      </ActionButton>
      <ActionButton action="redo" label={redoLabel ? `Redo: ${redoLabel}` : 'Redo'}>
        <IconArrowForwardUp size={17} stroke={1.7} />
      </ActionButton>
    </>
  );
}

function Saving() {
  const saving = useProject((state) => state.saving);
  const error = useProject((state) => state.saveError);
  const flush = useProject((state) => state.flush);
  if (saving === 'failed') {
    return (
      <Tooltip label={error?.message ?? 'The last change was not saved.'} multiline w={320}>
        <UnstyledButton className={classes.unsaved} onClick={() => void flush().catch(() => undefined)}>
          <IconCloudOff size={14} aria-hidden /> Not saved, try again
        </UnstyledButton>
      </Tooltip>
    );
  }
  return (
    <span className={classes.saved} data-saving={saving === 'saving'}>
      <IconCheck size={13} aria-hidden />
      <span className={classes.savedText}>{saving === 'saving' ? 'Saving' : 'Saved'}</span>
    </span>
  );
}

const PREFERENCES: readonly { value: ComputePreference; label: string; description: string }[] = [
  { value: 'auto', label: 'Automatic', description: 'The GPU where it is a real one, else the processor.' },
  { value: 'webgpu', label: 'GPU (WebGPU)', description: 'Also where the adapter is a software one.' },
  { value: 'wasm', label: 'Processor (WebAssembly)', description: 'Slower, and the same everywhere.' },
];

function Compute() {
  const studio = useStudio();
  const shell = useShell();
  const compute = useSession((state) => state.compute);
  const starting = useSession((state) => state.computeStarting);
  const error = useSession((state) => state.computeError);
  const preference = useSession((state) => state.computePreference);
  const [open, setOpen] = useState(false);
  const chip = useRef<HTMLButtonElement>(null);
  const label = starting
    ? 'Starting'
    : error || !compute
      ? 'No compute'
      : compute.path === 'webgpu'
        ? (compute.adapter ?? 'GPU')
        : `CPU · ${compute.threads} ${compute.threads === 1 ? 'thread' : 'threads'}`;
  const Icon = compute?.path === 'webgpu' ? IconBolt : IconCpu;
  return (
    <Popover position="bottom-end" width={300} trapFocus opened={open} onChange={setOpen}>
      <Popover.Target>
        <UnstyledButton
          ref={chip}
          className={classes.chip}
          data-state={error ? 'bad' : starting ? 'starting' : 'good'}
          onClick={() => setOpen(!open)}
        >
          <Icon size={14} aria-hidden />
          <span className={classes.chipText}>
            <span className={classes.unseen}>Compute: </span>
            {label}
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label="Where to compute">
        <Text size="sm" mb="sm">
          {error?.message ?? compute?.reason ?? 'The compute worker is starting.'}
        </Text>
        <Radio.Group
          label="Compute on"
          value={preference}
          onChange={(value) => void studio.startCompute(value as ComputePreference)}
        >
          <Stack gap={8} mt={8}>
            {PREFERENCES.map((choice) => (
              <Radio key={choice.value} size="xs" {...choice} disabled={starting} />
            ))}
          </Stack>
        </Radio.Group>
        <Button
          mt={14}
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<IconBinaryTree size={14} />}
          onClick={() => {
            // The dialog gives the focus back to where it was; in here it would keep the shortcuts from working.
            chip.current?.focus();
            setOpen(false);
            void actionOf('networks').run(studio, shell);
          }}
        >
          Networks and weights
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}

function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const choices = [
    { value: 'auto', label: 'Follow the system', icon: IconDeviceDesktop },
    { value: 'dark', label: 'Dark', icon: IconMoon },
    { value: 'light', label: 'Light', icon: IconSun },
  ] as const;
  const Icon = choices.find(({ value }) => value === colorScheme)?.icon ?? IconDeviceDesktop;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label="Theme">
          <Icon size={17} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(({ value, label, icon: ChoiceIcon }) => (
          <Menu.Item
            key={value}
            leftSection={<ChoiceIcon size={15} />}
            rightSection={colorScheme === value ? <IconCheck size={14} /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
