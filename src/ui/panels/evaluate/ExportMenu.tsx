import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload, IconFileTypeCsv, IconFileTypeHtml } from '@tabler/icons-react';
import { useState } from 'react';
import { reportOf as errorOf } from '../../../core/errors';
import { imagesCsv, summaryCsv } from '../../../project/evaluation-csv';
import { fileName } from '../../../project/file-name';
import { useSession, useStudio } from '../../app/context';
import { saveText } from '../../save-file';
import { usePictures } from './pictures';
import { reportOf } from './report';
import { heatRangeOf, type Run } from './use-run';

/** What others can read without the studio. */
export function ExportMenu({ run }: { run: Run }) {
  const studio = useStudio();
  const pictures = usePictures();
  const scale = useSession((state) => state.heat.scale);
  const [writing, setWriting] = useState(false);
  const { record, details, threshold, pixelThreshold } = run;
  const name = fileName(record.name, 'evaluation');
  const saveReport = async () => {
    setWriting(true);
    try {
      saveText(`${name}.html`, 'text/html', await reportOf(run, pictures, heatRangeOf(run.record, run.details), scale));
    } catch (error) {
      studio.notify({ kind: 'error', title: 'The report was not written', message: errorOf(error, 'export').message });
    }
    setWriting(false);
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={15} />}
          rightSection={<IconChevronDown size={13} />}
          loading={writing}
        >
          Save as…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconFileTypeHtml size={16} />} onClick={() => void saveReport()}>
          Report (HTML, one file)
        </Menu.Item>
        <Menu.Item
          leftSection={<IconFileTypeCsv size={16} />}
          onClick={() =>
            saveText(`${name}-images.csv`, 'text/csv', imagesCsv(details.images, threshold, pixelThreshold))
          }
        >
          Images (CSV)
        </Menu.Item>
        <Menu.Item
          leftSection={<IconFileTypeCsv size={16} />}
          onClick={() => saveText(`${name}-figures.csv`, 'text/csv', summaryCsv(record.figures))}
        >
          Figures (CSV)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
