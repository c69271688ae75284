package io.meterhub.metering;

/** A model file that cannot be used. The message is one sentence that names file, line and reason. */
public class BadMeterModel extends RuntimeException {

    BadMeterModel(String sentence) {
        super(sentence);
    }
}
