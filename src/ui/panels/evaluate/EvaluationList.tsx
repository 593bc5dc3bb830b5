import { ActionIcon, Button, Checkbox, Menu, UnstyledButton } from '@mantine/core';
import { IconDotsVertical, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { EvaluationRecord } from '../../../project/evaluation';
import { figureText } from '../../../project/evaluation-text';
import { useProject, useSession, useStudio } from '../../app/context';
import { NameField } from '../../parts/NameField';
import classes from './evaluate.module.css';

/** The evaluations that are kept with the project, youngest first. */
export function EvaluationList() {
  const { evaluating } = useStudio();
  const evaluations = useProject((state) => state.document.evaluations);
  const current = useSession((state) => state.evaluationId);
  const running = useSession((state) => state.evaluation.running?.title ?? null);
  const compared = useSession((state) => state.evaluation.compared);
  const list = useMemo(() => Object.values(evaluations).sort((a, b) => b.createdAt - a.createdAt), [evaluations]);
  return (
    <aside className={classes.sidebar} aria-label="Evaluations">
      <div className={classes.sidebarHead}>
        <h2>Evaluations</h2>
      </div>
      <div className={classes.sidebarNew}>
        <Button
          fullWidth
          variant="default"
          leftSection={<IconPlus size={15} />}
          aria-current={current === null}
          onClick={() => evaluating.show(null)}
        >
          {running === null ? 'New evaluation' : 'Evaluation running'}
        </Button>
      </div>
      {list.length > 0 ? (
        <ul className={classes.runs} aria-label="Kept evaluations">
          {list.map((record) => (
            <Run
              key={record.id}
              record={record}
              isCurrent={compared.length < 2 && record.id === current}
              compared={list.length > 1 ? compared : null}
            />
          ))}
        </ul>
      ) : (
        <p className={classes.sidebarNote}>What you evaluate is kept here with the project.</p>
      )}
      {list.length > 1 && (
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

function Run({
  record,
  isCurrent,
  compared,
}: {
  record: EvaluationRecord;
  isCurrent: boolean;
  /** Null where there is nothing to compare with. */
  compared: readonly string[] | null;
}) {
  const { evaluating } = useStudio();
  const [renaming, setRenaming] = useState(false);
  if (renaming) {
    const done = (name: string | null) => {
      if (name !== null) evaluating.rename(record.id, name);
      setRenaming(false);
    };
    return (
      <li className={classes.run}>
        <NameField label="Name of the evaluation" name={record.name} className={classes.rename} onDone={done} />
      </li>
    );
  }
  const { figures } = record;
  const areas = figures.au_spro
    ? `sPRO\u00a0${figureText(figures.au_spro.mean?.['0.05'])}`
    : `PRO\u00a0${figureText(figures.aupro?.['0.3'])}`;
  return (
    <li className={classes.run} data-current={isCurrent || undefined}>
      {compared && (
        <Checkbox
          className={classes.tick}
          aria-label={`Compare ${record.name}`}
          checked={compared.includes(record.id)}
          onChange={(event) =>
            evaluating.compare(
              event.currentTarget.checked ? [...compared, record.id] : compared.filter((id) => id !== record.id),
            )
          }
        />
      )}
      <UnstyledButton
        className={classes.runButton}
        title={`${record.name}\n${WHEN.format(record.createdAt)}`}
        aria-current={isCurrent}
        onClick={() => evaluating.show(record.id)}
        onDoubleClick={() => setRenaming(true)}
      >
        <span className={classes.runName}>{record.name}</span>
        <span className={classes.runNote}>{`AUROC\u00a0${figureText(figures.image_auroc)} · ${areas}`}</span>
      </UnstyledButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`More for ${record.name}`} size={24} className={classes.more}>
            <IconDotsVertical size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setRenaming(true)}>
            Rename
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => evaluating.remove(record.id)}>
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
