import { IconFolderDown } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { droppedFiles } from '../drop';
import classes from './app.module.css';
import { useSession, useStudio } from './context';

/** The whole window takes files and folders. */
export function DropZone() {
  const studio = useStudio();
  const [over, setOver] = useState(false);
  const evaluating = useSession((state) => state.page === 'evaluate');
  useEffect(() => {
    // Every child entered sends another dragenter; the last one left is the window's own.
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const hover = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer || !carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void droppedFiles(event.dataTransfer).then(({ files, problems }) => {
        if (studio.session.getState().page === 'evaluate') return studio.evaluating.take(files, problems);
        const [only] = files;
        if (files.length === 1 && /\.(onnx|pth)$/i.test(only.path)) return studio.useNetwork(only.file);
        const networks = files.filter(({ path }) => /\.onnx$/i.test(path));
        if (files.length === 2 && networks.length === 2) return studio.useSegmenter(files.map(({ file }) => file));
        return studio.importFiles(files, problems);
      });
    };
    window.addEventListener('dragenter', enter);
    window.addEventListener('dragleave', leave);
    window.addEventListener('dragover', hover);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragenter', enter);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('dragover', hover);
      window.removeEventListener('drop', drop);
    };
  }, [studio]);
  if (!over) return null;
  return (
    <div className={classes.drop} aria-hidden>
      <div className={classes.dropCard}>
        <IconFolderDown size={40} stroke={1.3} />
        <strong>{evaluating ? 'Drop to evaluate' : 'Drop to add'}</strong>
        <span>
          {evaluating
            ? 'A test set in MVTec, LOCO or VisA layout, a folder of anomaly maps (.tiff, .npy), or a detector (.onnx)'
            : 'A folder of photographs, a dataset in MVTec, LOCO or VisA layout, or single images'}
        </span>
      </div>
    </div>
  );
}
