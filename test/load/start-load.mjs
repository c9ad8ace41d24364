// Starts a load, tells the generator's pid, and waits to be killed.
import { driverFor } from '../../dist/load/driver.js';

const [tool = '', url = '', settings = '', file = ''] = process.argv.slice(2);
const load = await driverFor(tool).start(url, JSON.parse(settings), file);
process.send?.(load.pid);
