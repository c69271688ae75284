package io.meterhub.metering;

import io.meterhub.site.ImportParticipant;
import io.meterhub.site.Site;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.Problem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** Checks a site's meters against the models: each is known, counts what the sheet says, and has its unit ids for itself. */
@Component
class ModelCheck implements ImportParticipant {

    private static final int MOST_UNIT_ID = 247;

    private final MeterModels models;

    ModelCheck(MeterModels models) {
        this.models = models;
    }

    @Override
    public List<Problem> check(SiteSheet sheet) {
        List<Problem> problems = new ArrayList<>();
        Map<String, MeterRow> taken = new HashMap<>();
        for (MeterRow row : sheet.meters()) {
            if (row.model() == null) {
                continue;
            }
            MeterModel model = models.find(row.model()).orElse(null);
            if (model == null) {
                problems.add(new Problem("meters", row.row(), "model", "there is no meter model %s; there are %s".formatted(
                        row.model(), String.join(", ", models.all().stream().map(MeterModel::name).toList()))));
                continue;
            }
            if (model.energyKind() != row.energyKind()) {
                problems.add(new Problem("meters", row.row(), "model", "the model %s counts %s, the row says %s"
                        .formatted(row.model(), ModelNode.written(model.energyKind()), ModelNode.written(row.energyKind()))));
            }
            if (!row.byHand()) {
                checkUnitIds(row, model, taken, problems);
            }
        }
        return problems;
    }

    private static void checkUnitIds(MeterRow row, MeterModel model, Map<String, MeterRow> taken, List<Problem> problems) {
        int last = row.unitId() + model.unitIds() - 1;
        if (last > MOST_UNIT_ID) {
            problems.add(new Problem("meters", row.row(), "unit id", "%s takes %d unit ids, so that the highest is %d, not %d"
                    .formatted(row.model(), model.unitIds(), MOST_UNIT_ID - model.unitIds() + 1, row.unitId())));
        }
        for (int id = row.unitId(); id <= last; id++) {
            MeterRow other = taken.putIfAbsent(row.gateway() + " " + id, row);
            if (other != null) {
                problems.add(new Problem("meters", row.row(), "unit id", "unit id %d on gateway %s is taken by meter %s in row %d"
                        .formatted(id, row.gateway(), other.code(), other.row())));
                return;
            }
        }
    }

    @Override
    public int apply(Site site, SiteSheet sheet) {
        // models are files: there is nothing of this room's to be opened
        return 0;
    }
}
