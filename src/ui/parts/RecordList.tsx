import { ActionIcon, Button, Checkbox, Menu, UnstyledButton } from '@mantine/core';
import { IconDotsVertical, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { NameField } from './NameField';
import classes from './records.module.css';

/** What a page keeps: an evaluation, a training run. */
export interface ListedRecord {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** In lines below the name. */
  readonly notes: readonly string[];
  /** Why it cannot be removed now; null if it can. */
  readonly held?: string | null;
}

interface Props {
  readonly title: string;
  /** What one is called, e.g. `evaluation`. */
  readonly noun: string;
  /** Of the button that leads to the next one. */
  readonly newLabel: string;
  readonly removeLabel: string;
  /** Where there is none yet. */
  readonly empty: string;
  /** Youngest first. */
  readonly records: readonly ListedRecord[];
  /** The one shown; null: the next one. */
  readonly current: string | null;
  readonly compared: readonly string[];
  onShow(id: string | null): void;
  onCompare(ids: readonly string[]): void;
  onRename(id: string, name: string): void;
  onRemove(id: string): void;
}

/** The list at the left of a page of what is kept: to be shown, ticked for comparison, renamed, removed. */
export function RecordList(props: Props) {
  const { title, noun, newLabel, empty, records, current, compared, onShow } = props;
  return (
    <aside className={classes.sidebar} aria-label={title}>
      <div className={classes.sidebarHead}>
        <h2>{title}</h2>
      </div>
      <div className={classes.sidebarNew}>
        <Button
          fullWidth
          variant="default"
          leftSection={<IconPlus size={15} />}
          aria-current={current === null}
          onClick={() => onShow(null)}
        >
          {newLabel}
        </Button>
      </div>
      {records.length > 0 ? (
        <ul className={classes.runs} aria-label={`Kept ${noun}s`}>
          {records.map((record) => (
            <Entry key={record.id} record={record} {...props} />
          ))}
        </ul>
      ) : (
        <p className={classes.sidebarNote}>{empty}</p>
      )}
      {records.length > 1 && (
        <p className={classes.sidebarFoot} role="status">
          {compared.length === 0
            ? 'Tick two or more to compare them.'
            : compared.length === 1
              ? 'Tick another to compare it with this one.'
              : `${compared.length} are compared.`}
        </p>
      )}
    </aside>
  );
}

function Entry({
  record: { id, name, createdAt, notes, held = null },
  noun,
  removeLabel,
  records,
  current,
  compared,
  onShow,
  onCompare,
  onRename,
  onRemove,
}: Props & { readonly record: ListedRecord }) {
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    const done = (next: string | null) => {
      if (next !== null) onRename(id, next);
      setRenaming(false);
    };
    return (
      <li className={classes.run}>
        <NameField label={`Name of the ${noun}`} name={name} className={classes.rename} onDone={done} />
      </li>
    );
  }
  const isCurrent = compared.length < 2 && id === current;
  return (
    <li className={classes.run} data-current={isCurrent || undefined}>
      {records.length > 1 && (
        <Checkbox
          className={classes.tick}
          aria-label={`Compare ${name}`}
          checked={compared.includes(id)}
          onChange={(event) =>
            onCompare(event.currentTarget.checked ? [...compared, id] : compared.filter((each) => each !== id))
          }
        />
      )}
      <UnstyledButton
        className={classes.runButton}
        title={`${name}\n${WHEN.format(createdAt)}`}
        aria-current={isCurrent}
        onClick={() => onShow(id)}
        onDoubleClick={() => setRenaming(true)}
      >
        <span className={classes.runName}>{name}</span>
        {notes.map((note) => (
          <span key={note} className={classes.runNote}>
            {note}
          </span>
        ))}
      </UnstyledButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`More for ${name}`} size={24} className={classes.more}>
            <IconDotsVertical size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setRenaming(true)}>
            Rename
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={15} />}
            disabled={held !== null}
            title={held ?? undefined}
            onClick={() => onRemove(id)}
          >
            {removeLabel}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
