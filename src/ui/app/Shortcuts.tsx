import { Modal } from '@mantine/core';
import { ACTIONS, GROUPS } from '../actions';
import { Keys } from '../parts/keys';
import classes from './app.module.css';
import { useSession, useStudio } from './context';

/** With the mouse and with held keys: what the action table cannot know. */
const GESTURES: readonly [string, string][] = [
  ['Zoom around the pointer', 'Wheel, pinch'],
  ['Pan', 'Space + drag, middle button'],
  ['Add to the region', 'Shift + draw'],
  ['Subtract from the region', 'Alt + draw'],
  ['Intersect with the region', 'Shift + Alt + draw'],
  ['Smart select: more of the part', 'Shift + click'],
  ['Smart select: less of the part', 'Alt + click'],
  ['Equal sides', 'Ctrl + draw'],
  ['Brush size, tolerance of the wand', 'Alt + wheel'],
  ['Brush softness', 'Shift + Alt + wheel'],
  ['Region’s list: pick, move, rename', 'Arrows, Alt + arrows, F2'],
  ['Show what was before', 'Hold \\'],
  ['Move the region', 'Arrows, with Shift by 10'],
  ['Resize the region', 'Alt + arrows'],
];

export function Shortcuts() {
  const studio = useStudio();
  const open = useSession((state) => state.shortcutsOpen);
  return (
    <Modal
      opened={open}
      onClose={() => studio.session.setState({ shortcutsOpen: false })}
      title="Keyboard and mouse"
      size={940}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes.modalTitle }}
    >
      <div className={classes.shortcuts}>
        <section>
          <h3>Mouse and touch</h3>
          <dl>
            {GESTURES.map(([name, keys]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{keys}</dd>
              </div>
            ))}
          </dl>
        </section>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {ACTIONS.filter((action) => action.group === group && action.keys.length > 0 && !action.gathered).map(
                (action) => (
                  <div key={action.id}>
                    <dt>{action.label}</dt>
                    <dd>
                      <Keys shortcut={action.keys[0]} />
                    </dd>
                  </div>
                ),
              )}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
