import { IconPhotoOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { ImageSource } from '../../project/document';
import { useStudio } from '../app/context';
import type { Pictures } from '../pictures';
import classes from './parts.module.css';

/**
 * A stored picture; a sign in its place if it is gone. Its meaning is said beside it, so it is silent itself.
 * @param from where it is stored, if not with the project's pictures.
 */
export function Thumbnail({ source, from }: { source: ImageSource; from?: Pictures }) {
  const studio = useStudio();
  const pictures = from ?? studio.pictures;
  const [shown, setShown] = useState<{ sha256: string; url: string | null } | null>(null);
  useEffect(() => {
    let wanted = true;
    const show = (url: string | null) => {
      if (wanted) setShown({ sha256: source.sha256, url });
    };
    pictures.urlOf(source).then(show, () => show(null));
    return () => {
      wanted = false;
    };
  }, [pictures, source]);
  if (shown?.sha256 !== source.sha256) return <span className={classes.missing} />;
  if (shown.url === null) {
    return (
      <span className={classes.missing} title="This picture is gone from the browser’s storage">
        <IconPhotoOff size={18} />
      </span>
    );
  }
  return (
    <img
      className={classes.thumb}
      src={shown.url}
      alt=""
      decoding="async"
      draggable={false}
      onError={() => setShown({ sha256: source.sha256, url: null })}
    />
  );
}
