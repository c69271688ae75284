package io.meterhub.metering;

import io.meterhub.runtime.StartRefused;

/** A model file that cannot be used. The message is one sentence that names file, line and reason. */
public class BadMeterModel extends StartRefused {

    BadMeterModel(String sentence) {
        super(sentence);
    }
}
