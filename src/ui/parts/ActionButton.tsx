import { ActionIcon, Tooltip, type ActionIconProps, type FloatingPosition } from '@mantine/core';
import type { ReactNode } from 'react';
import { actionOf } from '../actions';
import { useEnabled, useShell, useStudio } from '../app/context';
import { ariaShortcut } from '../shortcuts';
import { IS_MAC, Keys } from './keys';
import classes from './parts.module.css';

interface Props extends ActionIconProps {
  /** Of the action table. */
  readonly action: string;
  readonly children: ReactNode;
  /** Another name than the table's, where it depends on the moment. */
  readonly label?: string;
  readonly active?: boolean;
  readonly tooltip?: FloatingPosition;
}

/** An icon that does an action, and says its name and its key. */
export function ActionButton({ action: id, children, label, active, tooltip = 'bottom', ...props }: Props) {
  const studio = useStudio();
  const shell = useShell();
  const action = actionOf(id);
  const enabled = useEnabled(action);
  const [key] = action.keys;
  const name = label ?? action.label;
  return (
    <Tooltip
      position={tooltip}
      label={
        <span className={classes.tip}>
          {name}
          {key && <Keys shortcut={key} />}
        </span>
      }
    >
      <ActionIcon
        {...props}
        aria-label={name}
        aria-pressed={active}
        aria-keyshortcuts={key && ariaShortcut(key, IS_MAC)}
        data-active={active || undefined}
        className={`${classes.action} ${props.className ?? ''}`}
        disabled={!enabled}
        // Keeps the focus where it is: after a click on a tool, keys still go to the canvas.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => void action.run(studio, shell)}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
