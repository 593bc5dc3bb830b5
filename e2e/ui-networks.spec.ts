import { expect, test, type Page, type Route } from '@playwright/test';
import { OFFICIAL_MODELS, type OfficialModel } from '../src/models/official';
import { samDecoder, samEncoder } from '../src/models/sam/testing';
import { drop, openPhotographs, openStudio, seriousFindings } from './ui-support';

/**
 * The dialog of networks and weights. Nothing is downloaded: the official addresses are answered here. The files of a
 * SAM are those of models/sam/testing, whose best mask of a point is a disk about it.
 */
const FORM = { side: 128, channels: 4 };
/** Area of that disk in a photograph of the tests, 96 px a side and 1/8 of that in radius. */
const DISK_AREA = Math.PI * (96 / 8) ** 2;

const official = (id: string) => OFFICIAL_MODELS.find((model) => model.id === id)!;
const TINY = official('pidinet-tiny-official');
const SAM = official('sam-vit-base');

/** How each official address answers; what is not in it cannot be reached. */
let answers: Map<string, (route: Route) => Promise<void> | void>;

// What the service worker serves cannot be replaced.
test.use({ serviceWorkers: 'block' });

test.beforeEach(async ({ page }) => {
  answers = new Map();
  await page.context().route(/^https:/, (route) => {
    const answer = answers.get(route.request().url());
    return answer ? answer(route) : route.abort('internetdisconnected');
  });
  await openStudio(page);
});

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Networks and weights' });
const inUse = (page: Page) => dialog(page).getByRole('list', { name: 'Networks in use' });
const offer = (page: Page, title: string) => dialog(page).getByRole('listitem').filter({ hasText: title });
const notice = (page: Page, text: string | RegExp) => page.getByRole('alert').filter({ hasText: text });
const region = (page: Page) => page.getByRole('region', { name: 'Region', exact: true });

async function openNetworks(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Compute:/ }).click();
  await page.getByRole('button', { name: 'Networks and weights' }).click();
  await expect(inUse(page).getByRole('listitem').first()).toBeVisible();
}

async function closeNetworks(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
}

/** An answer as a server of another origin gives it to the page. */
function gives(bytes: Uint8Array) {
  return (route: Route) =>
    route.fulfill({
      body: Buffer.from(bytes),
      contentType: 'application/octet-stream',
      headers: { 'Access-Control-Allow-Origin': '*' },
    });
}

function answersWithFixture({ files }: OfficialModel): void {
  answers.set(files[0].url, gives(samEncoder(FORM)));
  answers.set(files[1].url, gives(samDecoder(FORM)));
}

const download = (page: Page, { title }: OfficialModel) =>
  dialog(page).getByRole('button', { name: `Accept the licence of ${title} and download it`, exact: true });

/** Takes smart select to the middle of the picture, where the board is bare, and holds what it takes for the disk. */
async function clickTakesDisk(page: Page): Promise<void> {
  await page.keyboard.press('j');
  await expect(page.getByText(/^Reading the picture…/)).toHaveCount(0);
  const box = (await page.getByTestId('canvas').boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const taken = page.getByText(/^Part of [\d,]+ px² taken$/);
  await expect(taken).toBeAttached();
  const area = Number(/[\d,]+/.exec(await taken.innerText())![0].replace(',', ''));
  expect(area / DISK_AREA).toBeGreaterThan(0.95);
  expect(area / DISK_AREA).toBeLessThan(1.05);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test('what is shipped and what may be had is shown with its licence', async ({ page }) => {
      await openNetworks(page);
      await expect(inUse(page).getByRole('listitem')).toHaveText([
        /^PiDiNet.*Edges.*MB · [0-9a-f]{12}$/,
        /^.*Picture from edges.*MB · [0-9a-f]{12}$/,
        /^SAM-nano.*Segmentation.*non-commercial.*3\.3\sMB · [0-9a-f]{12}$/,
        /^.*Anomaly detection.*3\.9\sMB · [0-9a-f]{12}$/,
      ]);
      for (const { title, licence, page: authors } of OFFICIAL_MODELS) {
        const entry = offer(page, title).first();
        await expect(entry).toContainText(licence);
        await expect(entry.getByRole('link', { name: 'authors' })).toHaveAttribute('href', authors);
      }
      expect(await seriousFindings(page)).toEqual([]);
    });
  });
}

test('a download that breaks off, brings something else or is cancelled says so and loses nothing', async ({
  page,
}) => {
  await openNetworks(page);
  const before = await inUse(page).innerText();
  const [file] = TINY.files;
  const refused = notice(page, `${TINY.title} was not downloaded`);

  answers.set(file.url, gives(new Uint8Array(file.bytes >> 1)));
  await download(page, TINY).click();
  await expect(refused).toContainText(`it ended after ${file.bytes >> 1} of ${file.bytes} bytes`);
  await expect(refused).toContainText(`Check the connection and try again, or get it from ${TINY.page}`);
  await refused.getByRole('button').click();
  await expect(refused).toHaveCount(0);

  answers.set(file.url, gives(new Uint8Array(file.bytes)));
  await download(page, TINY).click();
  await expect(refused).toContainText(
    `What came as ${file.name} is not the file its authors published, so it was not kept.`,
  );
  await refused.getByRole('button').click();

  // The first of two files is there, the second under way.
  answersWithFixture(SAM);
  let asked = () => {};
  const underWay = new Promise<void>((resolve) => (asked = resolve));
  answers.set(SAM.files[1].url, () => asked());
  await download(page, SAM).click();
  await underWay;
  await expect(offer(page, SAM.title)).toContainText('downloading');
  const stopped = page.context().waitForEvent('requestfailed', (request) => request.url() === SAM.files[1].url);
  await offer(page, SAM.title).getByRole('button', { name: 'Cancel' }).click();
  await stopped;
  await expect(download(page, SAM)).toBeEnabled();
  await expect(offer(page, SAM.title)).toContainText('No SHA-256 is known beforehand');
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(await inUse(page).innerText()).toBe(before);
});

test('an official SAM is downloaded, used without a network, given up and removed', async ({ page }) => {
  await openPhotographs(page, 1);
  await openNetworks(page);
  answersWithFixture(SAM);
  await download(page, SAM).click();
  await expect(offer(page, SAM.title)).toContainText('remembered from your first download');
  answers.clear();
  await dialog(page)
    .getByRole('button', { name: `Use ${SAM.title}` })
    .click();
  await expect(notice(page, `${SAM.title} now finds the parts.`)).toBeVisible();
  await expect(inUse(page)).toContainText(SAM.licence);

  await page.reload();
  await expect(page.getByText('Draw a region on the picture')).toBeVisible();
  await clickTakesDisk(page);
  await openNetworks(page);
  await dialog(page).getByRole('button', { name: 'Back to the shipped segmenter' }).click();
  await expect(inUse(page)).toContainText('SAM-nano');
  await dialog(page)
    .getByRole('button', { name: `Remove ${SAM.title} from storage` })
    .click();
  await expect(download(page, SAM)).toBeEnabled();

  // What is remembered of the first download is demanded of the next.
  answersWithFixture(SAM);
  answers.set(SAM.files[0].url, gives(samEncoder({ ...FORM, channels: 8 })));
  await download(page, SAM).click();
  await expect(notice(page, 'is not the file that was downloaded from there before')).toBeVisible();
});

test('the two files of a SAM are dropped, used, remembered, given up and removed', async ({ page }) => {
  await openPhotographs(page, 1);
  await openNetworks(page);
  const own = offer(page, 'mine-encoder.onnx, mine-decoder.onnx');

  // Two of a kind are no SAM; the one before stays.
  await drop(page, { 'one.onnx': samDecoder(FORM), 'two.onnx': samDecoder(FORM) });
  await expect(notice(page, 'one.onnx and two.onnx are both the decoder of a SAM.')).toBeVisible();
  await expect(inUse(page)).toContainText('SAM-nano');

  await drop(page, { 'mine-encoder.onnx': samEncoder(FORM), 'mine-decoder.onnx': samDecoder(FORM) });
  await expect(notice(page, 'mine-encoder.onnx now finds the parts.')).toBeVisible();
  await expect(own).toContainText('in use');
  await closeNetworks(page);
  await clickTakesDisk(page);

  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(region(page)).toContainText('1 shape');
  await page.getByRole('button', { name: 'Clear the region' }).click();
  await clickTakesDisk(page);

  await openNetworks(page);
  await expect(own).toContainText('in use');
  await dialog(page).getByRole('button', { name: 'Back to the shipped segmenter' }).click();
  await expect(notice(page, 'SAM-nano now finds the parts.')).toBeVisible();
  await expect(own).toContainText('stored');
  await own.getByRole('button', { name: /^Remove .* from storage$/ }).click();
  await expect(own).toHaveCount(0);
  await closeNetworks(page);
  await expect(region(page)).toContainText('1 shape');
});

test('a SAM of one’s own can be given up where none is shipped', async ({ page }) => {
  await page.context().route('**/models/sam-nano.json', (route) => route.fulfill({ status: 404 }));
  await openPhotographs(page, 1);
  await openNetworks(page);
  await expect(inUse(page).getByRole('listitem')).toHaveCount(3);
  await drop(page, { 'mine-encoder.onnx': samEncoder(FORM), 'mine-decoder.onnx': samDecoder(FORM) });
  await expect(inUse(page).getByRole('listitem')).toHaveCount(4);
  await dialog(page).getByRole('button', { name: 'Back to the shipped segmenter' }).click();
  await expect(notice(page, 'No segmentation network is installed')).toBeVisible();
  await expect(inUse(page).getByRole('listitem')).toHaveCount(3);
});
