import { expose } from 'comlink';
import { keepErrorsWhole } from './rpc';
import { Studio } from './studio';

keepErrorsWhole();
expose(new Studio());
