SELECT
  `masks`.`date`,
  `masks`.`word_1`,
  `masks`.`word_2`,
  count(*) AS `keys`,
  `masks`.`arm`,
  MIN(`masks`.`first_written`) AS `first_written`,
  MAX(`masks`.`last_written`) AS `last_written`,
  sum(`masks`.`rows_of_1`) AS `rows_of_1`
FROM (
  SELECT
    `merged`.`date` AS `date`,
    `merged`.`key_1` AS `key_1`,
    CASE
      WHEN (
        `merged`.`arm` IS NULL
      )
      THEN CASE
        WHEN (
          `merged`.`key_1` IS NULL
        )
        THEN (
          `merged`.`word_1` & 2147483008
        ) | (
          (
            `merged`.`word_1` & 639
          ) << 31
        )
        ELSE `merged`.`word_1`
      END
      ELSE 0
    END AS `word_1`,
    CASE WHEN (
      `merged`.`arm` IS NULL
    ) THEN `merged`.`word_2` ELSE 0 END AS `word_2`,
    `merged`.`arm` AS `arm`,
    `merged`.`first_written` AS `first_written`,
    `merged`.`last_written` AS `last_written`,
    `merged`.`rows_of_1` AS `rows_of_1`
  FROM (
    SELECT
      `rows_of_all`.`date` AS `date`,
      `rows_of_all`.`key_1` AS `key_1`,
      CAST(BIT_OR(`rows_of_all`.`word_1`) AS INT64) AS `word_1`,
      CAST(BIT_OR(`rows_of_all`.`word_2`) AS INT64) AS `word_2`,
      `rows_of_all`.`arm` AS `arm`,
      MIN(`rows_of_all`.`first_written`) AS `first_written`,
      MAX(`rows_of_all`.`last_written`) AS `last_written`,
      sum(`rows_of_all`.`rows_of_1`) AS `rows_of_1`
    FROM (
      SELECT
        `dataset_0`.`date` AS `date`,
        `dataset_0`.`key_1` AS `key_1`,
        0 AS `arm`,
        1 AS `word_1`,
        CASE WHEN (
          count(*) > 1
        ) THEN 1 ELSE 0 END AS `word_2`,
        NULL AS `first_written`,
        NULL AS `last_written`,
        NULL AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`nbac_schedule`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_schedule`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_schedule`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_schedule`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_schedule`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`nbac_schedule`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `nbac_schedule`.`game_id` < '!' OR `nbac_schedule`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`nbac_schedule`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `nbac_schedule`.`game_id`
          END AS `key_1`
        FROM `nba_raw`.`nbac_schedule`
        WHERE
          (
            CASE
              WHEN REGEXP_CONTAINS(`nbac_schedule`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
              THEN SAFE_CAST(`nbac_schedule`.`game_date` AS DATE)
              WHEN REGEXP_CONTAINS(
                `nbac_schedule`.`game_date`,
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
              )
              THEN SAFE_CAST(SUBSTR(`nbac_schedule`.`game_date`, 1, 10) AS DATE)
              WHEN REGEXP_CONTAINS(
                `nbac_schedule`.`game_date`,
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
              )
              THEN DATE(SAFE_CAST(`nbac_schedule`.`game_date` AS TIMESTAMP), 'America/New_York')
            END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
            OR CASE
              WHEN REGEXP_CONTAINS(`nbac_schedule`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
              THEN SAFE_CAST(`nbac_schedule`.`game_date` AS DATE)
              WHEN REGEXP_CONTAINS(
                `nbac_schedule`.`game_date`,
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
              )
              THEN SAFE_CAST(SUBSTR(`nbac_schedule`.`game_date`, 1, 10) AS DATE)
              WHEN REGEXP_CONTAINS(
                `nbac_schedule`.`game_date`,
                '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
              )
              THEN DATE(SAFE_CAST(`nbac_schedule`.`game_date` AS TIMESTAMP), 'America/New_York')
            END IS NULL
          )
          AND (
            `nbac_schedule`.`game_id` IS NULL OR `nbac_schedule`.`game_id` NOT LIKE '003%%'
          )
          AND `nbac_schedule`.`game_status` = 'Final'
      ) AS `dataset_0`
      GROUP BY
        `dataset_0`.`date`,
        `dataset_0`.`key_1`
      UNION ALL
      SELECT
        `dataset_1`.`date` AS `date`,
        `dataset_1`.`key_1` AS `key_1`,
        1 AS `arm`,
        2 AS `word_1`,
        CASE WHEN (
          count(*) > 40 OR count(*) < 15
        ) THEN 2 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_1`.`fact_2`) < count(`dataset_1`.`fact_2`)
          )
          THEN 4
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_1`.`fact_3` THEN 1 END) > 0
          )
          THEN 8
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_1`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_1`.`written`))) END AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_1`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_1`.`fact_3` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`bdl_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`bdl_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`bdl_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`bdl_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `bdl_player_boxscores`.`game_id` < '!' OR `bdl_player_boxscores`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`bdl_player_boxscores`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `bdl_player_boxscores`.`game_id`
          END AS `key_1`,
          `bdl_player_boxscores`.`player_id` AS `fact_2`,
          `bdl_player_boxscores`.`points` IS NULL AS `fact_3`,
          `bdl_player_boxscores`.`loaded_at` AS `written`
        FROM `nba_raw`.`bdl_player_boxscores`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`bdl_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`bdl_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`bdl_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`bdl_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`bdl_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`bdl_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`bdl_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `bdl_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`bdl_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_1`
      GROUP BY
        `dataset_1`.`date`,
        `dataset_1`.`key_1`
      UNION ALL
      SELECT
        `dataset_2`.`date` AS `date`,
        `dataset_2`.`key_1` AS `key_1`,
        2 AS `arm`,
        4 AS `word_1`,
        CASE WHEN (
          count(*) > 40 OR count(*) < 15
        ) THEN 16 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_2`.`fact_5`) < count(`dataset_2`.`fact_5`)
          )
          THEN 32
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_2`.`fact_6` THEN 1 END) > 0
          )
          THEN 64
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_2`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_2`.`written`))) END AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_2`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_2`.`fact_6` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`nbac_gamebook_player_stats`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_gamebook_player_stats`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END AS `date`,
          CASE
            WHEN (
              (
                `nbac_gamebook_player_stats`.`game_id` < '!'
                OR `nbac_gamebook_player_stats`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`nbac_gamebook_player_stats`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `nbac_gamebook_player_stats`.`game_id`
          END AS `key_1`,
          `nbac_gamebook_player_stats`.`player_id` AS `fact_5`,
          `nbac_gamebook_player_stats`.`points` IS NULL AS `fact_6`,
          `nbac_gamebook_player_stats`.`loaded_at` AS `written`
        FROM `nba_raw`.`nbac_gamebook_player_stats`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`nbac_gamebook_player_stats`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_gamebook_player_stats`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`nbac_gamebook_player_stats`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_gamebook_player_stats`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_gamebook_player_stats`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`nbac_gamebook_player_stats`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END IS NULL
      ) AS `dataset_2`
      GROUP BY
        `dataset_2`.`date`,
        `dataset_2`.`key_1`
      UNION ALL
      SELECT
        `dataset_3`.`date` AS `date`,
        `dataset_3`.`key_1` AS `key_1`,
        3 AS `arm`,
        8 AS `word_1`,
        CASE WHEN (
          count(*) > 40 OR count(*) < 15
        ) THEN 128 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_3`.`fact_8`) < count(`dataset_3`.`fact_8`)
          )
          THEN 256
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_3`.`fact_9` THEN 1 END) > 0
          )
          THEN 512
          ELSE 0
        END AS `word_2`,
        NULL AS `first_written`,
        NULL AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_3`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_3`.`fact_9` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`nbac_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`nbac_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `nbac_player_boxscores`.`game_id` < '!'
                OR `nbac_player_boxscores`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`nbac_player_boxscores`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `nbac_player_boxscores`.`game_id`
          END AS `key_1`,
          `nbac_player_boxscores`.`player_id` AS `fact_8`,
          `nbac_player_boxscores`.`points` IS NULL AS `fact_9`
        FROM `nba_raw`.`nbac_player_boxscores`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`nbac_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`nbac_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`nbac_player_boxscores`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`nbac_player_boxscores`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`nbac_player_boxscores`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `nbac_player_boxscores`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`nbac_player_boxscores`.`game_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_3`
      GROUP BY
        `dataset_3`.`date`,
        `dataset_3`.`key_1`
      UNION ALL
      SELECT
        `dataset_4`.`date` AS `date`,
        `dataset_4`.`key_1` AS `key_1`,
        4 AS `arm`,
        16 AS `word_1`,
        CASE WHEN (
          count(*) > 40 OR count(*) < 15
        ) THEN 1024 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_4`.`fact_11`) < count(`dataset_4`.`fact_11`)
          )
          THEN 2048
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_4`.`fact_12` THEN 1 END) > 0
          )
          THEN 4096
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_4`.`fact_13` THEN 1 END) > 0
          )
          THEN 8192
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_4`.`fact_14` THEN 1 END) > 0
          )
          THEN 16384
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_4`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_4`.`written`))) END AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_4`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_4`.`fact_12` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`player_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_game_summary`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `player_game_summary`.`game_id` < '!' OR `player_game_summary`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`player_game_summary`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `player_game_summary`.`game_id`
          END AS `key_1`,
          `player_game_summary`.`player_id` AS `fact_11`,
          `player_game_summary`.`player_id` IS NULL
          OR `player_game_summary`.`points` IS NULL
          OR `player_game_summary`.`usage_rate` IS NULL AS `fact_12`,
          NOT `player_game_summary`.`usage_rate` IS NULL
          AND NOT (
            `player_game_summary`.`usage_rate` >= 0
            AND `player_game_summary`.`usage_rate` <= CAST('inf' AS FLOAT64)
            AND `player_game_summary`.`usage_rate` <= 1
          ) AS `fact_13`,
          NOT `player_game_summary`.`usage_rate` IS NULL AS `fact_14`,
          `player_game_summary`.`processed_at` AS `written`
        FROM `nba_analytics`.`player_game_summary`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`player_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_game_summary`.`game_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`player_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_game_summary`.`game_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_4`
      GROUP BY
        `dataset_4`.`date`,
        `dataset_4`.`key_1`
      UNION ALL
      SELECT
        `dataset_5`.`date` AS `date`,
        `dataset_5`.`key_1` AS `key_1`,
        5 AS `arm`,
        32 AS `word_1`,
        CASE WHEN (
          count(*) > 2 OR count(*) < 2
        ) THEN 32768 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_5`.`fact_16`) < count(`dataset_5`.`fact_16`)
          )
          THEN 65536
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_5`.`fact_17` THEN 1 END) > 0
          )
          THEN 131072
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_5`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_5`.`written`))) END AS `last_written`,
        NULL AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`team_defense_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_game_summary`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END AS `date`,
          CASE
            WHEN (
              (
                `team_defense_game_summary`.`game_id` < '!'
                OR `team_defense_game_summary`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`team_defense_game_summary`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `team_defense_game_summary`.`game_id`
          END AS `key_1`,
          `team_defense_game_summary`.`team` AS `fact_16`,
          `team_defense_game_summary`.`points_allowed` IS NULL AS `fact_17`,
          `team_defense_game_summary`.`processed_at` AS `written`
        FROM `nba_analytics`.`team_defense_game_summary`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`team_defense_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_game_summary`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`team_defense_game_summary`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_game_summary`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_game_summary`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_game_summary`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_game_summary`.`game_date` AS TIMESTAMP),
              'America/New_York'
            )
          END IS NULL
      ) AS `dataset_5`
      GROUP BY
        `dataset_5`.`date`,
        `dataset_5`.`key_1`
      UNION ALL
      SELECT
        `dataset_6`.`date` AS `date`,
        `dataset_6`.`key_1` AS `key_1`,
        6 AS `arm`,
        64 AS `word_1`,
        CASE WHEN (
          count(*) > 40 OR count(*) < 15
        ) THEN 262144 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_6`.`fact_19`) < count(`dataset_6`.`fact_19`)
          )
          THEN 524288
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_6`.`fact_20` THEN 1 END) > 0
          )
          THEN 1048576
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_6`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_6`.`written`))) END AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_6`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_6`.`fact_20` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`player_composite_factors`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_composite_factors`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_composite_factors`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_composite_factors`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `player_composite_factors`.`game_id` < '!'
                OR `player_composite_factors`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`player_composite_factors`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `player_composite_factors`.`game_id`
          END AS `key_1`,
          `player_composite_factors`.`player_id` AS `fact_19`,
          `player_composite_factors`.`player_id` IS NULL
          OR `player_composite_factors`.`fatigue_minutes` IS NULL AS `fact_20`,
          `player_composite_factors`.`processed_at` AS `written`
        FROM `nba_precompute`.`player_composite_factors`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`player_composite_factors`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_composite_factors`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_composite_factors`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_composite_factors`.`game_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`player_composite_factors`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_composite_factors`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_composite_factors`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_composite_factors`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_composite_factors`.`game_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_6`
      GROUP BY
        `dataset_6`.`date`,
        `dataset_6`.`key_1`
      UNION ALL
      SELECT
        `dataset_7`.`date` AS `date`,
        NULL AS `key_1`,
        7 AS `arm`,
        128 AS `word_1`,
        CASE
          WHEN (
            count(DISTINCT `dataset_7`.`fact_21`) < count(`dataset_7`.`fact_21`)
          )
          THEN 2097152
          ELSE 0
        END + CASE WHEN (
          count(*) > 30
        ) THEN 4194304 ELSE 0 END + CASE
          WHEN (
            count(CASE WHEN `dataset_7`.`fact_23` THEN 1 END) > 0
          )
          THEN 8388608
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_7`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_7`.`written`))) END AS `last_written`,
        CASE WHEN TRUE THEN count(CASE WHEN `dataset_7`.`fact_23` THEN 1 END) END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`team_defense_zone_analysis`.`analysis_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_zone_analysis`.`analysis_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS TIMESTAMP),
              'America/New_York'
            )
          END AS `date`,
          `team_defense_zone_analysis`.`team` AS `fact_21`,
          `team_defense_zone_analysis`.`points_allowed` IS NULL AS `fact_23`,
          `team_defense_zone_analysis`.`processed_at` AS `written`
        FROM `nba_precompute`.`team_defense_zone_analysis`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`team_defense_zone_analysis`.`analysis_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_zone_analysis`.`analysis_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS TIMESTAMP),
              'America/New_York'
            )
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`team_defense_zone_analysis`.`analysis_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`team_defense_zone_analysis`.`analysis_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `team_defense_zone_analysis`.`analysis_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(
              SAFE_CAST(`team_defense_zone_analysis`.`analysis_date` AS TIMESTAMP),
              'America/New_York'
            )
          END IS NULL
      ) AS `dataset_7`
      GROUP BY
        `dataset_7`.`date`
      UNION ALL
      SELECT
        `dataset_8`.`date` AS `date`,
        NULL AS `key_1`,
        8 AS `arm`,
        256 AS `word_1`,
        CASE
          WHEN (
            count(DISTINCT `dataset_8`.`fact_24`) < count(`dataset_8`.`fact_24`)
          )
          THEN 16777216
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_8`.`fact_25` THEN 1 END) > 0
          )
          THEN 33554432
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_8`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_8`.`written`))) END AS `last_written`,
        CASE WHEN TRUE THEN count(CASE WHEN `dataset_8`.`fact_25` THEN 1 END) END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`player_daily_cache`.`cache_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_daily_cache`.`cache_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_daily_cache`.`cache_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_daily_cache`.`cache_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          `player_daily_cache`.`player_id` AS `fact_24`,
          `player_daily_cache`.`player_id` IS NULL OR `player_daily_cache`.`points` IS NULL AS `fact_25`,
          `player_daily_cache`.`processed_at` AS `written`
        FROM `nba_precompute`.`player_daily_cache`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`player_daily_cache`.`cache_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_daily_cache`.`cache_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_daily_cache`.`cache_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_daily_cache`.`cache_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`player_daily_cache`.`cache_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`player_daily_cache`.`cache_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`player_daily_cache`.`cache_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `player_daily_cache`.`cache_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`player_daily_cache`.`cache_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_8`
      GROUP BY
        `dataset_8`.`date`
      UNION ALL
      SELECT
        `dataset_9`.`date` AS `date`,
        `dataset_9`.`key_1` AS `key_1`,
        9 AS `arm`,
        512 AS `word_1`,
        CASE WHEN (
          count(*) > 120 OR count(*) < 15
        ) THEN 67108864 ELSE 0 END + CASE
          WHEN (
            count(DISTINCT `dataset_9`.`fact_27`) < count(`dataset_9`.`fact_27`)
          )
          THEN 134217728
          ELSE 0
        END + CASE
          WHEN (
            count(CASE WHEN `dataset_9`.`fact_28` THEN 1 END) > 0
          )
          THEN 268435456
          ELSE 0
        END AS `word_2`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MIN(`dataset_9`.`written`))) END AS `first_written`,
        CASE WHEN TRUE THEN UNIX_MICROS(TIMESTAMP(MAX(`dataset_9`.`written`))) END AS `last_written`,
        CASE
          WHEN (
            NOT `dataset_9`.`key_1` IS NULL
          )
          THEN count(CASE WHEN `dataset_9`.`fact_28` THEN 1 END)
        END AS `rows_of_1`
      FROM (
        SELECT
          CASE
            WHEN REGEXP_CONTAINS(`prediction_accuracy`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`prediction_accuracy`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`prediction_accuracy`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`prediction_accuracy`.`game_date` AS TIMESTAMP), 'America/New_York')
          END AS `date`,
          CASE
            WHEN (
              (
                `prediction_accuracy`.`game_id` < '!' OR `prediction_accuracy`.`game_id` > '~'
              )
              AND REGEXP_CONTAINS(`prediction_accuracy`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
            )
            THEN NULL
            ELSE `prediction_accuracy`.`game_id`
          END AS `key_1`,
          `prediction_accuracy`.`player_id` AS `fact_27`,
          `prediction_accuracy`.`predicted_points` IS NULL AS `fact_28`,
          `prediction_accuracy`.`processed_at` AS `written`
        FROM `nba_predictions`.`prediction_accuracy`
        WHERE
          CASE
            WHEN REGEXP_CONTAINS(`prediction_accuracy`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`prediction_accuracy`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`prediction_accuracy`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`prediction_accuracy`.`game_date` AS TIMESTAMP), 'America/New_York')
          END BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-31' AS DATE)
          OR CASE
            WHEN REGEXP_CONTAINS(`prediction_accuracy`.`game_date`, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            THEN SAFE_CAST(`prediction_accuracy`.`game_date` AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?$'
            )
            THEN SAFE_CAST(SUBSTR(`prediction_accuracy`.`game_date`, 1, 10) AS DATE)
            WHEN REGEXP_CONTAINS(
              `prediction_accuracy`.`game_date`,
              '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))$'
            )
            THEN DATE(SAFE_CAST(`prediction_accuracy`.`game_date` AS TIMESTAMP), 'America/New_York')
          END IS NULL
      ) AS `dataset_9`
      GROUP BY
        `dataset_9`.`date`,
        `dataset_9`.`key_1`
    ) AS `rows_of_all`
    GROUP BY
      GROUPING SETS (
        (`rows_of_all`.`date`, `rows_of_all`.`key_1`),
        (`rows_of_all`.`date`, `rows_of_all`.`arm`)
      )
  ) AS `merged`
) AS `masks`
GROUP BY
  `masks`.`date`,
  `masks`.`word_1`,
  `masks`.`word_2`,
  `masks`.`arm`
