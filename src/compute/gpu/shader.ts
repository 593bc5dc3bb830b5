/**
 * Compiles WGSL.
 * @throws Error listing every error with its line, its column and the source it points at.
 */
export async function compileShader(device: GPUDevice, label: string, code: string): Promise<GPUShaderModule> {
  // The scope keeps the same error from also surfacing as an uncaptured one.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label, code });
  const [info] = await Promise.all([module.getCompilationInfo(), device.popErrorScope()]);
  const errors = info.messages.filter((message) => message.type === 'error');
  if (errors.length > 0) throw new Error(shaderErrorText(label, code, errors));
  return module;
}

type Message = Pick<GPUCompilationMessage, 'lineNum' | 'linePos' | 'message'>;

/** One paragraph per message: place, what is wrong, the source line and a mark under the column. */
export function shaderErrorText(label: string, code: string, messages: readonly Message[]): string {
  const lines = code.split('\n');
  const paragraphs = messages.map(({ lineNum, linePos, message }) => {
    const head = `${label}:${lineNum}:${linePos}: ${message}`;
    const source = lines[lineNum - 1];
    // Line 0 is a message that points nowhere.
    if (lineNum < 1 || source === undefined) return head;
    const gutter = `${lineNum} | `;
    return `${head}\n${gutter}${source}\n${' '.repeat(gutter.length + Math.max(0, linePos - 1))}^`;
  });
  return `The shader ${label} does not compile.\n${paragraphs.join('\n')}`;
}
