import { Kbd } from '@mantine/core';
import { keyCaps } from '../shortcuts';
import classes from './parts.module.css';

export const IS_MAC = /mac|iphone|ipad/i.test(navigator.platform);

export function Keys({ shortcut }: { shortcut: string }) {
  return (
    <span className={classes.keys}>
      {keyCaps(shortcut, IS_MAC).map((cap) => (
        <Kbd key={cap} className={classes.key}>
          {cap}
        </Kbd>
      ))}
    </span>
  );
}
