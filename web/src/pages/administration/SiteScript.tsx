import { getText } from '../../api/http';
import { TryIt } from '../../components/script/TryIt';
import { ScriptPanel } from '../../components/script/ScriptPanel';

/** The script that runs on everything before it is stored (R10, R11). */
export function SiteScript() {
  return (
    <ScriptPanel
      address="/xapi/anonymize/site" label="Site script" explanation="Runs on every image before it touches the disk. An image on which it fails goes to quarantine, encrypted."
      templates={[{ label: 'Default script', load: () => getText('/xapi/anonymize/default') }]}
    >
      {(text) => <TryIt script={text} />}
    </ScriptPanel>
  );
}
