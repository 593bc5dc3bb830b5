import { Spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useCallback, useState } from 'react';
import { ACTIONS, GROUPS } from '../actions';
import { Keys } from '../parts/keys';
import { useShell, useStudio } from './context';

/** Every action that can be done now, by name. */
export function Palette() {
  const studio = useStudio();
  const shell = useShell();
  const [query, setQuery] = useState('');
  const [opened, setOpened] = useState(0);
  const collect = useCallback(
    () =>
      GROUPS.map((group) => ({
        group,
        actions: ACTIONS.filter((action) => action.group === group && !action.keyOnly && action.enabled(studio)).map(
          (action) => ({
            id: action.id,
            label: action.label,
            rightSection: action.keys[0] ? <Keys shortcut={action.keys[0]} /> : null,
            onClick: () => void action.run(studio, shell),
          }),
        ),
      })).filter(({ actions }) => actions.length > 0),
    [studio, shell],
  );
  return (
    <Spotlight
      key={opened}
      shortcut={null}
      query={query}
      onQueryChange={setQuery}
      actions={collect()}
      onSpotlightClose={() => setOpened((count) => count + 1)}
      attributes={{ content: { 'aria-label': 'Command palette' } }}
      nothingFound="No command has that name"
      highlightQuery
      scrollable
      maxHeight={420}
      size={540}
      centered={false}
      yOffset="14vh"
      overlayProps={{ blur: 0, backgroundOpacity: 0.5 }}
      searchProps={{
        leftSection: <IconSearch size={16} />,
        placeholder: 'Search commands',
        'aria-label': 'Search commands',
        size: 'md',
      }}
    />
  );
}
